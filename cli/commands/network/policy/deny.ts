import { ruleCommand } from './rule.ts';

export const { define, run } = ruleCommand('deny', [
  [
    'hawser network policy deny blue --from web --to 10.0.0.0/8',
    'a denial wins over what is allowed',
  ],
  ['hawser network policy deny blue --to db --port 1-1023/udp', 'a range of ports'],
]);
