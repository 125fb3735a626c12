"""What a language model wrote: asked for, kept, checked."""
