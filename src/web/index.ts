export { createWebAssets, type WebAssets, type WebResponse } from './assets.ts';
