import { ruleCommand } from './rule.ts';

export const { define, run } = ruleCommand('allow', [
  ['hawser network policy allow blue --from web --to db --port 5432', 'by name, to one port'],
  ['hawser network policy allow blue --from label=tier=front --to host', 'by label, to the host'],
  ['hawser network policy allow blue --to web --port 80', 'anybody, by its published port too'],
]);
