import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, withTables } from './support/document-tables.ts';
import { generatedFiles } from './support/generated-files.ts';
import { fileAt, repositoryRoot } from './support/source-files.ts';

// Writes the tables of the documents, and whole files, anew from the code: `npm run docs`.
for (const [name, tables] of Object.entries(documents)) {
  writeFileSync(join(repositoryRoot, name), await withTables(fileAt(name).text, tables));
}
for (const [name, make] of Object.entries(generatedFiles)) writeFileSync(join(repositoryRoot, name), make());
