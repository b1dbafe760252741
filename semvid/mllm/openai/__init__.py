"""``openai:URL#MODEL``: a server that speaks the OpenAI protocol with log probabilities (vLLM, SGLang)."""
