"""Training that knows how kernels will be rounded: fine-tuning before the int8 conversion."""
