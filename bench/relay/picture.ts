import type { Run } from './results.ts';
export function picture(_runs: readonly Run[]): string {
  return '';
}
