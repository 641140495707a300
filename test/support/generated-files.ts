import { asyncApi } from './asyncapi/document.ts';

/** Files that are written whole from the code, by `npm run docs`, and checked by a test of their own. */
export const generatedFiles: Readonly<Record<string, () => string>> = {
  'config/asyncapi.json': () => `${JSON.stringify(asyncApi(), undefined, 2)}\n`,
};
