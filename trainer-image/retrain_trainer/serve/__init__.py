"""The reference server: a version in service, answering in the Open Inference Protocol V2, and watched."""
