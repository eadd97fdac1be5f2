namespace Coppice.Tensors.Tests.Autograd;

/// <summary>
/// A decoder of two layers from the fused operations, as a model writes it: embedding of tokens and positions, layer norm, attention with packed
/// queries, keys and values, a GELU unit, residuals within the linear layers, and the head within the loss.
/// </summary>
internal sealed class SmallTransformer : IDisposable
{
    public const int Classes = 37;
    private const int Hidden = 24;
    private const int Heads = 3;
    private const int Positions = 16;
    private const int LayerCount = 2;

    private readonly Layer[] _layers;
    private AttentionLayout _layout;

    public SmallTransformer(Backend backend)
    {
        List<ParameterSpecification> specifications = [new("tokens", new Shape(Classes, Hidden)), new("positions", new Shape(Positions, Hidden))];
        for (var i = 0; i < LayerCount; i++)
        {
            specifications.AddRange(
            [
                new($"{i}.norm1.weight", new Shape(Hidden)), new($"{i}.norm1.bias", new Shape(Hidden)),
                new($"{i}.qkv.weight", new Shape(Hidden, 3 * Hidden)), new($"{i}.qkv.bias", new Shape(3 * Hidden)),
                new($"{i}.attention.weight", new Shape(Hidden, Hidden)), new($"{i}.attention.bias", new Shape(Hidden)),
                new($"{i}.norm2.weight", new Shape(Hidden)), new($"{i}.norm2.bias", new Shape(Hidden)),
                new($"{i}.up.weight", new Shape(4 * Hidden, Hidden)), new($"{i}.up.bias", new Shape(4 * Hidden)),
                new($"{i}.down.weight", new Shape(Hidden, 4 * Hidden)), new($"{i}.down.bias", new Shape(Hidden)),
            ]);
        }

        Parameters = new ParameterSet(backend, specifications);
        foreach (var parameter in Parameters.Parameters)
        {
            var random = new Philox(21, (ulong)parameter.Offset);
            var mean = parameter.Name.Contains("norm", StringComparison.Ordinal) && parameter.Name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0;
            parameter.Tensor.CopyFrom([.. Enumerable.Range(0, (int)parameter.Count).Select(i => mean + 0.2f * random.Normal((ulong)i))]);
        }

        _layers = [.. Enumerable.Range(0, LayerCount).Select(i => new Layer(this, i))];
    }

    public ParameterSet Parameters { get; }

    public float Dropout { get; init; }

    /// <summary>The mean loss per counted token of the batch that the documents are part of.</summary>
    public Tensor Loss(Tape tape, IReadOnlyList<int[]> documents, float scale)
    {
        int[] boundaries = [0, .. documents.Select((_, d) => documents.Take(d + 1).Sum(document => document.Length))];
        int[] positions = [.. documents.SelectMany(document => Enumerable.Range(0, document.Length))];
        int[] tokens = [.. documents.SelectMany(document => document)];
        // The next token of the document; the last one has none.
        int[] targets = [.. documents.SelectMany(document => document.Skip(1).Append(-100))];
        return Loss(tape, boundaries, positions, tokens, targets, [.. targets.Select(target => target < 0 ? 0f : 1f)], scale);
    }

    /// <summary>The same from arrays: allocates nothing once the tape is warm.</summary>
    public Tensor Loss(Tape tape, int[] boundaries, int[] positions, int[] tokens, int[] targets, float[] weights, float scale)
    {
        _layout = AttentionLayout.Packed(tape, boundaries);
        var table = Parameters["tokens"].Tensor;
        var x = tape.Embedding(tape.Integers(tokens), table, tape.Embedding(tape.Integers(positions), Parameters["positions"].Tensor));
        foreach (var layer in _layers) x = tape.Run(layer, x);
        return tape.HeadCrossEntropy(x, table, tape.Integers(targets), tape.Constant(new Shape(weights.Length), weights), new CrossEntropyOptions(scale));
    }

    public void Dispose() => Parameters.Dispose();

    private sealed class Layer(SmallTransformer model, int index) : IBlock
    {
        private readonly Tensor[] _p = [.. model.Parameters.Parameters.Where(p => p.Name.StartsWith($"{index}.", StringComparison.Ordinal)).Select(p => p.Tensor)];

        public Tensor Forward(Tape tape, Tensor x)
        {
            var h = tape.LayerNorm(x, _p[0], _p[1], 1e-5f);
            h = tape.Linear(h, _p[2], _p[3], null, WeightLayout.InputsByOutputs);
            h = tape.Attention(h, model._layout, new AttentionShape(Heads, Heads, Hidden / Heads));
            x = tape.Linear(tape.Dropout(h, model.Dropout, training: true), _p[4], _p[5], x);
            h = tape.LayerNorm(x, _p[6], _p[7], 1e-5f);
            h = tape.Apply(tape.Linear(h, _p[8], _p[9]), PointwiseFunction.GeluTanh);
            return tape.Linear(h, _p[10], _p[11], x);
        }
    }
}
