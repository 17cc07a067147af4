// The sum of the ten weights while they are typed; the server checks it again.
//   input[data-weight], output[data-weight-sum]

const fields = [...document.querySelectorAll("input[data-weight]")];
const sum = document.querySelector("output[data-weight-sum]");

function show() {
  const values = fields.map((field) => (field.value.trim() === "" ? NaN : Number(field.value)));
  if (values.some((value) => !Number.isFinite(value))) {
    sum.textContent = "unknown: a weight is not a number";
    sum.dataset.state = "bad";
    return;
  }
  const total = values.reduce((all, value) => all + value, 0);
  const off = Math.round((total - 100) * 100) / 100;
  const plain = (value) => String(Math.round(value * 100) / 100);
  sum.textContent = off === 0 ? plain(total) : `${plain(total)} (${plain(Math.abs(off))} too ${off > 0 ? "much" : "little"})`;
  sum.dataset.state = Math.abs(off) <= 0.01 ? "good" : "bad";
}

if (sum && fields.length) {
  for (const field of fields) field.addEventListener("input", show);
  show();
}
