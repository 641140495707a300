import { openApi } from '../../src/admin/index.ts';
import { asyncApi } from './asyncapi/document.ts';
import { fileAt } from './source-files.ts';

/** Files that are written whole from the code, by `npm run docs`, and checked by a test of their own. */
export const generatedFiles: Readonly<Record<string, () => string>> = {
  'config/asyncapi.json': () => `${JSON.stringify(asyncApi(), undefined, 2)}\n`,
  'config/openapi.json': () => `${JSON.stringify(openApi(packageVersion()), undefined, 2)}\n`,
};

function packageVersion(): string {
  return (JSON.parse(fileAt('package.json').text) as { version: string }).version;
}
