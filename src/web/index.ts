export { createWebAssets } from './assets.ts';
export { servedAssets, type WebAssets, type WebResponse } from './served.ts';
