/** The registry of model providers, one line each: what MODEL begins with chooses among them. docs/extending.md adds one. */
export { demoProvider } from './demo/provider.ts';
export { gatewayProvider } from './gateway/provider.ts';
export { openAICompatibleProvider } from './openai-compatible/provider.ts';
