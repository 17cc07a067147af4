"""The currencies that forms offer."""

#: Currencies with a European Central Bank reference rate, and the euro: amounts in these can be converted.
CURRENCIES: tuple[str, ...] = (
    "USD", "EUR", "GBP", "CHF", "JPY", "AUD", "BRL", "CAD", "CNY", "CZK", "DKK", "HKD", "HUF", "IDR", "ILS",
    "INR", "ISK", "KRW", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "SEK", "SGD", "THB", "TRY", "ZAR",
)  # fmt: skip
