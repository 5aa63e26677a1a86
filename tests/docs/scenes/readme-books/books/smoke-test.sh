#!/bin/sh
# What a job of CI may run: both are served, and known.
test -n "$WEB_URL" && test -n "$API_URL"
