"""What an operator decides about multimodal models, ``SEMVID_<SERVICE>_MLLM_*`` in the environment."""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

PIXELS_OF_A_TOKEN: Final = 28 * 28  # of a picture; of the Qwen and InternVL families


class MllmSettings(BaseModel):
    """Every choice that depends on the machine and not on the video; the services' settings inherit them."""

    model_config = ConfigDict(frozen=True)

    mllm_device: str = Field(
        "auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto: the first GPU, or the CPU without one"
    )
    mllm_dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="auto: bfloat16 on a GPU, float32 on a CPU"
    )
    mllm_quantisation: Literal["none", "int8"] = Field(
        "none", description="int8: weights of linear layers in 8 bits (torchao), half the memory of bfloat16"
    )
    mllm_image_tokens: int = Field(
        256, ge=1, le=16_384, description="of one picture, where the family lets one choose"
    )
    mllm_batch: int = Field(
        8, ge=1, le=1024, description="questions in one forward pass; halved when memory runs out"
    )
    mllm_prefix_reuse: bool = Field(
        True,
        description="the keyframe's part of a question is computed once for all candidates (scoring: direct)",
    )
    mllm_description_tokens: int = Field(
        128, ge=1, le=4096, description="of one description (scoring: described)"
    )
    mllm_caption_tokens: int = Field(96, ge=1, le=4096, description="of one caption")
    mllm_question_frames: int = Field(
        8, ge=1, le=256, description="of a video that is asked about, spread evenly over it"
    )
    mllm_answer_tokens: int = Field(48, ge=1, le=1024, description="of the answer to a question")
    mllm_kept_descriptions: int = Field(
        256, ge=2, description="descriptions kept by one job (scoring: described-once)"
    )
    mllm_kept_models: int = Field(
        2, ge=1, description="loaded models kept; the one unused longest goes first"
    )
    mllm_prompts: Path | None = Field(
        None, description="a prompt file of your own; `semvid prompts` prints ours"
    )

    mllm_api_key: SecretStr | None = Field(
        None, description="openai: bearer token, where the server wants one"
    )
    mllm_api_key_url: str | None = Field(
        None, description="openai: the only server that is given the key, http://HOST:PORT"
    )
    mllm_timeout_s: float = Field(60.0, gt=0, description="openai: for one answer of the server")
    mllm_attempts: int = Field(4, ge=1, le=20, description="openai: for one question, the first included")
    mllm_connections: int = Field(8, ge=1, le=256, description="openai: questions under way at once")
    mllm_logprob_token_ids: bool = Field(
        False, description="openai: ask for exactly the answers' tokens (newer vLLM); needs /tokenize there"
    )

    def variable(self, field: str) -> str:
        """The environment variable that sets ``field``: of the service whose settings these are."""
        prefix = type(self).model_config.get("env_prefix") or "SEMVID_TRANSMITTER_"
        return f"{prefix}{field.upper()}"
