import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, generated, withTables } from './support/document-tables.ts';
import { fileAt, repositoryRoot } from './support/source-files.ts';

// Writes the tables of the documents anew from the code, and the descriptions that are made of it: `npm run docs`.
for (const [name, tables] of Object.entries(documents)) {
  writeFileSync(join(repositoryRoot, name), await withTables(fileAt(name).text, tables));
}
for (const [name, made] of Object.entries(generated)) {
  writeFileSync(join(repositoryRoot, name), made());
}
