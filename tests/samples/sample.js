// Groups orders by customer and adds up what they cost, in ¥.
const orders = [
  { customer: "佐藤", total: 1200 },
  { customer: "Zoë", total: 800 },
  { customer: "佐藤", total: 300 },
];

export function totals(list) {
  return list.reduce((sums, { customer, total }) => {
    sums[customer] = (sums[customer] ?? 0) + total;
    return sums;
  }, {});
}

console.log(JSON.stringify(totals(orders)));
