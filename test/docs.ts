import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, withTables } from './support/document-tables.ts';
import { fileAt, repositoryRoot } from './support/source-files.ts';

// Writes the tables of the documents anew from the code: `npm run docs`.
for (const [name, tables] of Object.entries(documents)) {
  writeFileSync(join(repositoryRoot, name), await withTables(fileAt(name).text, tables));
}
