"""Live videos as WebRTC, by WHEP (draft-ietf-wish-whep; docs/live.md)."""
