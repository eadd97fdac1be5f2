using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Sides;

/// <summary>
/// First values of a side network: the model's matrices, cut down to the rows and columns with the largest sums of magnitudes. Of the stream between blocks the same
/// elements are kept everywhere; of attention, whole heads where as many fit, and of the MLP the best inner neurons of each layer. Norms, biases and gates are left out.
/// </summary>
internal sealed class SidePruning
{
    private static readonly string[] Outputs = ["o_proj", "out_proj", "attn.c_proj", "attention.output.dense", "attention.dense"];
    private static readonly string[] Ups = ["up_proj", "mlp.c_fc", "fc1", "intermediate.dense", "dense_h_to_4h", "gate_up_proj"];
    private static readonly string[] Downs = ["down_proj", "mlp.c_proj", "fc2", "dense_4h_to_h", "output.dense"];

    private readonly SideShape _shape;
    private readonly int _headSize;
    private readonly Layer?[] _layers;
    private readonly int[] _stream;

    /// <summary>Reads the model's matrices and ranks the stream's elements.</summary>
    public SidePruning(LanguageModel model, SideShape shape)
    {
        var configuration = model.Configuration;
        (_shape, _headSize) = (shape, configuration.HeadSize);
        _layers = [.. Enumerable.Range(0, configuration.Layers).Select(layer => Read(model, layer))];
        var importance = new double[configuration.HiddenSize];
        foreach (var layer in _layers)
        {
            if (layer is null) continue;
            foreach (var reading in new[] { layer.Query, layer.Key, layer.Value, layer.Up }) AddColumns(reading, importance);
            foreach (var writing in new[] { layer.Output, layer.Down }) AddRows(writing, importance);
        }

        _stream = Best(importance, shape.Width);
    }

    /// <summary>Makes a way down take the kept elements of the stream as they are.</summary>
    public void FillDown(Parameter weight)
    {
        var values = new float[weight.Count];
        for (var row = 0; row < _stream.Length; row++) values[row * weight.Shape.Columns + _stream[row]] = 1;
        weight.Tensor.CopyFrom(values);
    }

    /// <summary>Makes the way up put them where they were.</summary>
    public void FillUp(Parameter weight)
    {
        var values = new float[weight.Count];
        for (var column = 0; column < _stream.Length; column++) values[_stream[column] * weight.Shape.Columns + column] = 1;
        weight.Tensor.CopyFrom(values);
    }

    /// <summary>Makes the matrices of a block those of the model's layer, cut down; leaves them as they are where the model's can't be read or are smaller.</summary>
    public void FillBlock(ParameterSet parameters, int number)
    {
        if (_layers[number] is not { } layer || layer.Query.Rows < _shape.Width || layer.Up.Rows < _shape.Inner) return;
        var inner = new double[layer.Query.Rows];
        foreach (var matrix in new[] { layer.Query, layer.Key, layer.Value }) AddRows(matrix, inner);
        AddColumns(layer.Output, inner);
        var heads = _shape.Width % _headSize == 0 ? BestHeads(inner) : Best(inner, _shape.Width);
        var neurons = new double[layer.Up.Rows];
        AddRows(layer.Up, neurons);
        AddColumns(layer.Down, neurons);
        var best = Best(neurons, _shape.Inner);
        var name = Ladder.BlockName(number);
        Cut(layer.Query, heads, _stream, parameters[name + ".query.weight"]);
        Cut(layer.Key, heads, _stream, parameters[name + ".key.weight"]);
        Cut(layer.Value, heads, _stream, parameters[name + ".value.weight"]);
        Cut(layer.Output, _stream, heads, parameters[name + ".output.weight"]);
        Cut(layer.Up, best, _stream, parameters[name + ".up.weight"]);
        Cut(layer.Down, _stream, best, parameters[name + ".down.weight"]);
    }

    private int[] BestHeads(double[] inner)
    {
        var heads = new double[inner.Length / _headSize];
        for (var i = 0; i < heads.Length * _headSize; i++) heads[i / _headSize] += inner[i];
        return [.. Best(heads, _shape.Width / _headSize).SelectMany(head => Enumerable.Range(head * _headSize, _headSize))];
    }

    /// <summary>The places of the largest, in rising order; of equal ones the first.</summary>
    private static int[] Best(double[] importance, int count) =>
        [.. Enumerable.Range(0, importance.Length).OrderByDescending(i => importance[i]).Take(count).Order()];

    private static void AddRows(Matrix matrix, double[] sums)
    {
        for (var i = 0; i < matrix.Values.Length; i++) sums[i / matrix.Columns] += Math.Abs(matrix.Values[i]);
    }

    private static void AddColumns(Matrix matrix, double[] sums)
    {
        for (var i = 0; i < matrix.Values.Length; i++) sums[i % matrix.Columns] += Math.Abs(matrix.Values[i]);
    }

    private static void Cut(Matrix matrix, int[] rows, int[] columns, Parameter parameter) =>
        parameter.Tensor.CopyFrom([.. rows.SelectMany(row => columns.Select(column => matrix.Values[row * matrix.Columns + column]))]);

    /// <summary>The matrices of a layer; null where one is missing or quantised.</summary>
    private static Layer? Read(LanguageModel model, int number)
    {
        var configuration = model.Configuration;
        var slots = model.Projections.Where(slot => TargetSelection.LayerOf(slot.Name, []) == number).ToList();
        var (queryRows, keyRows) = (configuration.Heads * configuration.HeadSize, configuration.KeyValueHeads * configuration.HeadSize);
        Matrix? query, key, value;
        if (Find("c_attn", "qkv_proj") is { } fused)
        {
            (query, key, value) = (fused.Slice(0, queryRows), fused.Slice(queryRows, keyRows), fused.Slice(queryRows + keyRows, keyRows));
        }
        else if (Find("query_key_value") is { } heads)
        {
            (query, key, value) = (heads.OfHeads(0, configuration.HeadSize), heads.OfHeads(1, configuration.HeadSize), heads.OfHeads(2, configuration.HeadSize));
        }
        else
        {
            (query, key, value) = (Find("q_proj", "query"), Find("k_proj", "key"), Find("v_proj", "value"));
        }

        var (output, up, down) = (Find(Outputs), Find(Ups), Find(Downs));
        if (query is null || key is null || value is null || output is null || up is null || down is null) return null;
        // A fused gate comes first.
        if (up.Rows == 2 * down.Columns) up = up.Slice(down.Columns, down.Columns);
        return new Layer(query, key.ForEachQuery(queryRows, configuration.HeadSize), value.ForEachQuery(queryRows, configuration.HeadSize), output, up, down);

        // Names in the order of the list: 'output.dense' is the end of attention's output too.
        Matrix? Find(params string[] names)
        {
            var slot = slots.Find(slot => names.Any(name => TargetPattern.IsEnd(slot.Name, name)) && (names != Downs || !TargetPattern.IsEnd(slot.Name, "attention.output.dense")));
            return slot is null || new TargetModule(slot, 1, 1, ScalesInput: false).ReadWeight() is not { } values ? null : new Matrix(slot.Inputs, values);
        }
    }

    private sealed record Layer(Matrix Query, Matrix Key, Matrix Value, Matrix Output, Matrix Up, Matrix Down);

    /// <summary>A matrix, row by row.</summary>
    private sealed record Matrix(int Columns, float[] Values)
    {
        public int Rows => Values.Length / Columns;

        public Matrix Slice(int first, int rows) => new(Columns, Values.AsSpan(first * Columns, rows * Columns).ToArray());

        /// <summary>Queries, keys or values where those of each head stand one after the other.</summary>
        public Matrix OfHeads(int part, int size) =>
            new(Columns, [.. Enumerable.Range(0, Rows / (3 * size)).SelectMany(head => Slice((3 * head + part) * size, size).Values)]);

        /// <summary>Keys or values that several query heads share, once for each of those.</summary>
        public Matrix ForEachQuery(int queryRows, int size)
        {
            var shared = queryRows / Rows;
            return shared == 1 ? this : new(Columns, [.. Enumerable.Range(0, queryRows / size).SelectMany(head => Slice(head / shared * size, size).Values)]);
        }
    }
}
