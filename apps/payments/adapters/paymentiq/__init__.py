"""PaymentIQ: the cashier calls the operator, in two phases."""
