"""Any diffusers pipeline as a decoder: ``hf:ID-OR-PATH`` (docs/decoders.md). One file a family of pipelines.

A gap is planned in clips (`pieces`) on a canvas that the model can paint (`canvas`), put into words
(`prompt`), queued (`clip_queue`), made (`sampling` and the family's file) and put together again (`filling`).
"""
