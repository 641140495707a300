export type GrantRefusal = 'missing';
