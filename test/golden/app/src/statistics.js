import _ from 'lodash';

export const mean = (values) => _.mean(values);

export function quartiles(values) {
  const sorted = _.sortBy(values);
  return [0.25, 0.5, 0.75].map((share) => sorted[Math.floor(share * (sorted.length - 1))]);
}
