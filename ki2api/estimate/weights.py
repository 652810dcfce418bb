"""What each figure of a shape is worth in tokens, as tests/bench/fit_tokens.py found."""

from ki2api.estimate.families import Family

WEIGHTS: dict[Family, tuple[float, ...]] = {
    "claude": (
        0.663,  # frequent word
        1.158,  # usual word
        2.444,  # western word
        3.67,  # other word
        1.497,  # word of 1
        2.227,  # word of 2
        1.394,  # word of 3
        1.806,  # word of 4
        1.44,  # word of 5
        1.526,  # word of 6
        1.455,  # word of 7
        0.989,  # word of 8
        1.091,  # word of 9
        0.332,  # word of 10
        2.917,  # word of 11
        1.294,  # word of 12
        4.728,  # word of 13
        2.029,  # word of 14
        1.884,  # letter beyond
        0.074,  # ' '
        1.048,  # '  '
        -2.187,  # '    '
        1.306,  # '\n'
        -2.649,  # '\n\n'
        -0.389,  # '\n '
        1.595,  # '\t'
        0.546,  # 'A'
        -0.369,  # 'AA'
        -0.09,  # 'aA'
        0.88,  # '0'
        -0.477,  # '00'
        -0.97,  # '000'
        -0.57,  # 'a0'
        2.562,  # '0A'
        0.941,  # 'p'
        -1.35,  # 'pp'
        0.367,  # 'ppp'
        0.433,  # ' p'
        0.978,  # '_'
        -2.203,  # rule
        0.039,  # accent c3
        2.871,  # accent c4
        1.324,  # accent c5
        -8.717,  # accent c6
        1.416,  # m
        0.569,  # g
        0.228,  # r
        0.546,  # h
        0.505,  # i
        0.795,  # n
        0.781,  # v
        2.04,  # s
        0.278,  # k
        1.129,  # z
        1.321,  # o
        -2.285,  # f
        6.256,  # e
        1.402,  # word of a script
        -0.654,  # e380
        0.715,  # e381
        0.78,  # e382
        0.073,  # e0a4
        -1.717,  # e0a5
        0.21,  # e0b8
        -1.252,  # e0b9
        1.649,  # e1ba
        1.484,  # e1bb
        4.223,  # efbc
        -2.038,  # e280
        -3.263,  # e29480e29480
    ),
    "claude-4.7": (
        0.598,  # frequent word
        2.179,  # usual word
        2.252,  # western word
        4.168,  # other word
        1.319,  # word of 1
        2.693,  # word of 2
        2.116,  # word of 3
        2.36,  # word of 4
        2.066,  # word of 5
        2.538,  # word of 6
        2.491,  # word of 7
        2.113,  # word of 8
        1.916,  # word of 9
        1.342,  # word of 10
        4.578,  # word of 11
        2.39,  # word of 12
        7.214,  # word of 13
        7.184,  # word of 14
        1.827,  # letter beyond
        0.208,  # ' '
        0.991,  # '  '
        -2.502,  # '    '
        1.508,  # '\n'
        -2.954,  # '\n\n'
        -0.744,  # '\n '
        1.2,  # '\t'
        0.852,  # 'A'
        -0.063,  # 'AA'
        -0.145,  # 'aA'
        0.68,  # '0'
        -0.027,  # '00'
        -1.081,  # '000'
        -0.205,  # 'a0'
        1.276,  # '0A'
        0.997,  # 'p'
        -1.188,  # 'pp'
        0.838,  # 'ppp'
        0.438,  # ' p'
        1.232,  # '_'
        -3.816,  # rule
        -0.361,  # accent c3
        2.519,  # accent c4
        1.581,  # accent c5
        -9.924,  # accent c6
        1.557,  # m
        0.687,  # g
        0.317,  # r
        0.614,  # h
        0.563,  # i
        0.843,  # n
        0.537,  # v
        2.196,  # s
        0.338,  # k
        1.098,  # z
        1.269,  # o
        0.789,  # f
        5.298,  # e
        0.934,  # word of a script
        -0.182,  # e380
        0.557,  # e381
        0.762,  # e382
        -0.083,  # e0a4
        -0.98,  # e0a5
        0.151,  # e0b8
        -1.158,  # e0b9
        1.135,  # e1ba
        1.021,  # e1bb
        1.145,  # efbc
        -3.205,  # e280
        -3.827,  # e29480e29480
    ),
    "o200k": (
        0.637,  # frequent word
        0.833,  # usual word
        1.102,  # western word
        1.594,  # other word
        1.288,  # word of 1
        1.46,  # word of 2
        0.617,  # word of 3
        1.425,  # word of 4
        0.792,  # word of 5
        1.077,  # word of 6
        1.136,  # word of 7
        0.122,  # word of 8
        1.195,  # word of 9
        0.757,  # word of 10
        2.319,  # word of 11
        1.533,  # word of 12
        0.963,  # word of 13
        1.441,  # word of 14
        0.539,  # letter beyond
        0.264,  # ' '
        0.181,  # '  '
        -1.12,  # '    '
        1.327,  # '\n'
        -2.841,  # '\n\n'
        -0.771,  # '\n '
        0.993,  # '\t'
        0.157,  # 'A'
        0.347,  # 'AA'
        0.039,  # 'aA'
        1.0,  # '0'
        -0.606,  # '00'
        -1.145,  # '000'
        -0.322,  # 'a0'
        1.956,  # '0A'
        0.696,  # 'p'
        -0.774,  # 'pp'
        0.223,  # 'ppp'
        0.353,  # ' p'
        0.671,  # '_'
        -2.242,  # rule
        0.012,  # accent c3
        1.316,  # accent c4
        3.233,  # accent c5
        -0.775,  # accent c6
        0.811,  # m
        0.38,  # g
        0.249,  # r
        0.355,  # h
        0.272,  # i
        0.317,  # n
        -0.132,  # v
        1.539,  # s
        -0.961,  # k
        0.904,  # z
        0.671,  # o
        0.272,  # f
        2.352,  # e
        0.159,  # word of a script
        -0.445,  # e380
        2.224,  # e381
        1.591,  # e382
        0.131,  # e0a4
        -0.848,  # e0a5
        0.455,  # e0b8
        -2.08,  # e0b9
        -0.279,  # e1ba
        -0.251,  # e1bb
        0.198,  # efbc
        -2.098,  # e280
        -2.967,  # e29480e29480
    ),
}
