"""Questions that measurements answer: a closed set, and a refusal for every other one."""
