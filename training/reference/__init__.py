"""Reference reader and writer of the integer path of .dicm files, in numpy and the standard library.

Written from format-spec/v1 and independent of the TypeScript: the two check each other. It decodes a file to
its hyper-latents, latent symbols and dequantised latents, and encodes such integers; the networks around
them are not here.
"""
