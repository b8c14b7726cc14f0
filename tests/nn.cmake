# Tests of libnn: one kvist_test() a program, each in a block of its own, next to nothing else's.
