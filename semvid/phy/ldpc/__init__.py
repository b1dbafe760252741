"""5G NR LDPC codes (3GPP TS 38.212 clauses 5.2.2, 5.3.2 and 5.4.2), both base graphs, in numba."""
