"""The networks behind the latents, run by onnxruntime from the files of ``dicm models export --onnx``."""
