"""Addresses of the simulated payment providers under /sandbox/vendors/: APIs that the platform calls, and pages."""

from django.urls import path

from apps.sandbox.psps import adyen_api, cryptoprocessing_api, pages, reports, trustly_api

urlpatterns = [
    path("adyen/reports/settlement", reports.adyen_settlement, name="sandbox-adyen-report"),
    path("trustly/reports/settlement", reports.trustly_settlement, name="sandbox-trustly-report"),
    path("house-bank/statements", reports.bank_statement, name="sandbox-bank-statement"),
    path("<slug:vendor>/reports/rounds", reports.game_report, name="sandbox-game-report"),
    path("psps", pages.overview, name="sandbox-psps"),
    path("psps/tell", pages.tell, name="sandbox-psps-tell"),
    path("psps/<slug:slug>/faults", pages.set_faults, name="sandbox-psp-faults"),
    path("psps/<slug:slug>/orders/<int:payment_id>", pages.pay_page, name="sandbox-psp-pay"),
    path("psps/<slug:slug>/orders/<int:payment_id>/act", pages.pay, name="sandbox-psp-act"),
    path("paymentiq/cashier", pages.cashier, name="sandbox-cashier"),
    path("paymentiq/orders", pages.cashier_order, name="sandbox-cashier-order"),
    path("trustly/api/1", trustly_api.call, name="sandbox-trustly"),
    path("adyen/v71/paymentLinks", adyen_api.payment_links, name="sandbox-adyen-links"),
    path("adyen/btl/v4/transfers", adyen_api.transfers, name="sandbox-adyen-transfers"),
    path("adyen/btl/v4/transfers/<str:transfer_id>", adyen_api.transfer, name="sandbox-adyen-transfer"),
    path("adyen/v71/payments/<str:payment_reference>/refunds", adyen_api.refunds, name="sandbox-adyen-refunds"),
    path("adyen/v71/storedPaymentMethods", adyen_api.stored_methods, name="sandbox-adyen-stored"),
    path("adyen/ca/services/DisputeService/v30/<str:name>", adyen_api.disputes, name="sandbox-adyen-disputes"),
    path("cryptoprocessing/api/v2/addresses/take", cryptoprocessing_api.take_address, name="sandbox-crypto-address"),
    path("cryptoprocessing/api/v2/withdrawal/crypto", cryptoprocessing_api.withdraw, name="sandbox-crypto-withdraw"),
]
