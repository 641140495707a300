import { z } from 'zod';
import { type Operation, operations, problemDocument } from './operations.ts';

/** The admin API's description: OpenAPI 3.1, made from the schemas that its input is read with. */
export function openApi(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [operationId, operation] of Object.entries<Operation>(operations)) {
    const item = paths[operation.path] ?? {};
    item[operation.method.toLowerCase()] = described(operationId, operation);
    paths[operation.path] = item;
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Latchkey: the admin API of a node',
      version,
      description:
        'Each node answers for itself, on a port of its own. Every change is on record before it is done, and what became of it before it is answered; so is every request that is refused.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:9465', description: '`admin.host` and `admin.port` of the settings' }],
    security: [{ credential: [] }],
    paths,
    components: {
      securitySchemes: {
        credential: { type: 'http', scheme: 'bearer', description: 'A token of `admin.tokenFile`, or the node’s own' },
      },
      schemas: { Problem: schemaOf(problemDocument, 'output') },
      responses: { Problem: { description: 'Refused: nothing was changed, unless `done` says otherwise', ...problem } },
    },
  };
}

const problem = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };

function described(operationId: string, operation: Operation): object {
  const { summary, description, body, bodyOptional, status, answer } = operation;
  const parameters = [...inPlace(operation.parameters, 'path'), ...inPlace(operation.query, 'query')];
  return {
    operationId,
    summary,
    ...(description !== undefined && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: bodyOptional !== true,
        content: { 'application/json': { schema: schemaOf(body, 'input') } },
      },
    }),
    responses: {
      [status]: { description: 'Done', content: { 'application/json': { schema: schemaOf(answer, 'output') } } },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

function inPlace(parameters: z.ZodObject, place: 'path' | 'query'): object[] {
  return Object.entries(parameters.shape).map(([name, parameter]) => {
    const { description, ...schema } = schemaOf(parameter as z.ZodType, 'input');
    const required = place === 'path' || !(parameter as z.ZodType).safeParse(undefined).success;
    return { name, in: place, required, ...(description !== undefined && { description }), schema };
  });
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io });
  return rest;
}
