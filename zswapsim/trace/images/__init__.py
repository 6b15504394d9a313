# SPDX-License-Identifier: GPL-2.0-only
"""Memory images and live processes: what pages hold, without the accesses.

What is read becomes a snapshot, a Trace of 0 accesses in which each page has one version. Read in
this order: image (what an image is), stream, raw, lime, avml, elf_core and elf_segments,
kdump (refused), sample (when there is more than wanted), snapshot (the Trace); then mappings,
pagemap, process, cgroup and live for what runs.
"""
