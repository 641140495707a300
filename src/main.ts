#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { latchkey } from './cli/index.ts';

await latchkey().parseAsync();
