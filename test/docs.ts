import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTables } from './support/readme-tables.ts';
import { fileAt, repositoryRoot } from './support/source-files.ts';

// Writes the tables of README.md anew from the code: `npm run docs`.
writeFileSync(join(repositoryRoot, 'README.md'), withTables(fileAt('README.md').text));
