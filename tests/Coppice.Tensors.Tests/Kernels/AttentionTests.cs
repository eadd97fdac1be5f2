namespace Coppice.Tensors.Tests;

[Collection(KernelCollection.Name)]
public sealed unsafe class AttentionTests(KernelFixture kernels)
{
    /// <summary>Documents as (queries, keys).</summary>
    private static readonly Dictionary<string, (int Queries, int Keys)[]> Documents = new()
    {
        ["of all lengths"] = [(1, 1), (2, 2), (17, 17), (64, 64), (65, 65), (130, 130), (3, 3)],
        ["decoding"] = [(1, 1), (1, 5), (1, 130), (1, 300)],
        ["with a prefix"] = [(10, 40), (33, 100), (5, 6)],
        ["with fewer keys than queries"] = [(20, 7), (9, 8), (70, 3)],
        ["some of them empty"] = [(0, 0), (4, 0), (0, 5), (3, 3)],
        ["none"] = [],
    };

    public static TheoryData<string> DocumentKinds => new(Documents.Keys);

    [Theory]
    [MemberData(nameof(DocumentKinds))]
    public void Attention_matches_the_reference_forward_and_backward(string kind)
    {
        foreach (var (causal, window) in (ReadOnlySpan<(bool, int)>)[(false, 0), (true, 0), (true, 1), (true, 33)])
        {
            Compare(kind, heads: 2, keyValueHeads: 2, headSize: 16, causal, window);
            Compare(kind, heads: 4, keyValueHeads: 2, headSize: 8, causal, window);
            Compare(kind, heads: 3, keyValueHeads: 1, headSize: 40, causal, window);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(12)]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(40)]
    [InlineData(64)]
    [InlineData(80)]
    [InlineData(128)]
    public void Attention_handles_all_head_sizes(int headSize)
    {
        Compare("with a prefix", heads: 2, keyValueHeads: 1, headSize, causal: true, window: 0);
        Compare("decoding", heads: 2, keyValueHeads: 1, headSize, causal: true, window: 0);
        Compare("with a prefix", heads: 2, keyValueHeads: 2, headSize, causal: false, window: 0);
    }

    [Theory]
    [MemberData(nameof(DocumentKinds))]
    public void Attention_with_a_bias_by_distance_matches_the_reference(string kind)
    {
        foreach (var (causal, window) in (ReadOnlySpan<(bool, int)>)[(false, 0), (true, 0), (true, 33)])
        {
            Compare(kind, heads: 2, keyValueHeads: 2, headSize: 16, causal, window, biasRadius: 20);
            Compare(kind, heads: 4, keyValueHeads: 2, headSize: 8, causal, window, scale: 3, biasRadius: 100);
        }

        Compare(kind, heads: 1, keyValueHeads: 1, headSize: 5, causal: true, window: 0, biasRadius: 0);
    }

    [Fact]
    public void Attention_survives_large_scores()
    {
        // Scores of several hundred: a probability's relative error is the absolute error of its score.
        Compare("of all lengths", heads: 2, keyValueHeads: 1, headSize: 16, causal: true, window: 0, scale: 100, tolerance: new(3e-2, 1e-3));
    }

    private void Compare(string kind, int heads, int keyValueHeads, int headSize, bool causal, int window, float scale = 1, Tolerance? tolerance = null, int? biasRadius = null)
    {
        var documents = Documents[kind];
        var label = $"attention, documents {kind}, {heads} heads of {headSize} in {keyValueHeads} groups, causal {causal}, window {window}, bias up to {biasRadius}";
        kernels.Compare(label, run => Run(run, documents, heads, keyValueHeads, headSize, causal, window, scale, biasRadius, tolerance ?? new(2e-5, 1e-5)));
    }

    private static void Run(
        KernelRun run, (int Queries, int Keys)[] documents, int heads, int keyValueHeads, int headSize, bool causal, int window, float scale, int? biasRadius, Tolerance tolerance)
    {
        const int Gap = 2;
        var queryOffsets = new int[documents.Length + 1];
        var keyOffsets = new int[documents.Length];
        var keyRows = Gap;
        for (var d = 0; d < documents.Length; d++)
        {
            queryOffsets[d + 1] = queryOffsets[d] + documents[d].Queries;
            keyOffsets[d] = keyRows;
            // Documents lie apart, as in a cache with room to grow.
            keyRows += documents[d].Keys + Gap;
        }

        var (queryRows, queryWidth, keyWidth) = (queryOffsets[^1], heads * headSize, keyValueHeads * headSize);
        var arguments = new AttentionArguments
        {
            Documents = documents.Length,
            QueryOffsets = run.Integers(queryOffsets),
            KeyOffsets = run.Integers(keyOffsets),
            KeyLengths = run.Integers([.. documents.Select(document => document.Keys)]),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            Scale = scale / MathF.Sqrt(headSize),
            Causal = causal,
            Window = window,
            Bias = biasRadius is { } radius ? run.Input(2 * radius + 1, heads) : null,
            BiasRadius = biasRadius ?? 0,
            StrideQ = queryWidth + 3,
            Q = run.Input(queryRows, queryWidth, queryWidth + 3),
            StrideK = keyWidth + 1,
            K = run.Input(keyRows, keyWidth, keyWidth + 1),
            StrideV = keyWidth + 5,
            V = run.Input(keyRows, keyWidth, keyWidth + 5),
            StrideOutput = queryWidth + 2,
        };
        var withoutLogarithms = arguments;
        withoutLogarithms.Output = run.Output("output without logarithms", queryRows, queryWidth, tolerance, queryWidth + 2);
        run.Backend.Attention(withoutLogarithms);

        arguments.Output = run.Output("output", queryRows, queryWidth, tolerance, queryWidth + 2);
        arguments.LogSumExp = run.Output("logarithms", queryRows, heads, tolerance);
        run.Backend.Attention(arguments);

        var gradients = new AttentionGradients
        {
            Output = run.Input(queryRows, queryWidth, queryWidth + 2),
            StrideQ = queryWidth + 4,
            Q = run.Output("dQ", queryRows, queryWidth, tolerance, queryWidth + 4),
            StrideK = keyWidth + 2,
            K = run.Output("dK", keyRows, keyWidth, tolerance, keyWidth + 2),
            StrideV = keyWidth + 3,
            V = run.Output("dV", keyRows, keyWidth, tolerance, keyWidth + 3),
            // Sums over all scores of a distance.
            Bias = biasRadius is { } distances ? run.Output("dBias", 2 * distances + 1, heads, new(2e-4, 1e-5), accumulate: true) : null,
        };
        run.Backend.AttentionBackward(arguments, gradients);

        // The logarithm of an empty sum is nobody's business.
        for (var d = 0; d < documents.Length; d++)
        {
            for (var i = 0; i < documents[d].Queries; i++)
            {
                var seesNothing = documents[d].Keys == 0 || (causal && i + documents[d].Keys - documents[d].Queries < 0);
                if (seesNothing) new Span<float>(arguments.LogSumExp + (long)(queryOffsets[d] + i) * heads, heads).Clear();
            }
        }
    }
}
