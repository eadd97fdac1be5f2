using System.Globalization;
using System.Runtime.InteropServices;
using Coppice.Tensors;

namespace Coppice.Models.Onnx;

/// <summary>The types of elements, by their numbers in the format.</summary>
internal enum OnnxType
{
    /// <summary>float32.</summary>
    Float = 1,

    /// <summary>int64.</summary>
    Int64 = 7,
}

/// <summary>
/// A computation in the Open Neural Network Exchange format: operations on named values. Field numbers are those of onnx.proto3; the operations are those of version
/// 17 of the set, the first that knows layer normalisation.
/// </summary>
/// <param name="parameters">The parameters that it may use; each is stored once.</param>
internal sealed class OnnxGraph(ParameterSet parameters)
{
    private const int FormatVersion = 8, OperationSet = 17;
    private const int Values = 1 << 16;

    private readonly List<ProtobufMessage> _operations = [];
    private readonly List<ProtobufMessage> _constants = [];
    private readonly List<ProtobufMessage> _inputs = [];
    private readonly List<ProtobufMessage> _outputs = [];
    private readonly HashSet<string> _stored = new(StringComparer.Ordinal);
    private int _made;

    /// <summary>Names an input.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">The type of its elements.</param>
    /// <param name="dimensions">Its dimensions: numbers, or names of what is known only later.</param>
    /// <returns>The name.</returns>
    public string Input(string name, OnnxType type, params string[] dimensions)
    {
        _inputs.Add(Value(name, type, dimensions));
        return name;
    }

    /// <summary>Makes a value an output.</summary>
    /// <param name="value">The value.</param>
    /// <param name="name">The output's name.</param>
    /// <param name="dimensions">Its dimensions, as of an input; its elements are float32.</param>
    public void Output(string value, string name, params string[] dimensions)
    {
        _operations.Add(Operation("Identity", [value], name, []));
        _outputs.Add(Value(name, OnnxType.Float, dimensions));
    }

    /// <summary>Applies an operation.</summary>
    /// <param name="operation">Its name.</param>
    /// <param name="inputs">What it is applied to.</param>
    /// <param name="attributes">Its attributes: whole numbers (<see cref="long"/>), lists of them, or <see cref="float"/>.</param>
    /// <returns>The name of the result.</returns>
    public string Apply(string operation, string[] inputs, params (string Name, object Value)[] attributes)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{operation}_{_made++}");
        _operations.Add(Operation(operation, inputs, name, attributes));
        return name;
    }

    /// <summary>A parameter of the model.</summary>
    /// <param name="name">Its name.</param>
    public string Parameter(string name)
    {
        if (!_stored.Add(name)) return name;
        var parameter = parameters[name];
        long[] dimensions = parameter.Shape.Rank == 1 ? [parameter.Count] : [parameter.Shape.Rows, parameter.Shape.Columns];
        _constants.Add(Constant(name, OnnxType.Float, dimensions).Add(9, parameter.Count * sizeof(float), stream => Write(parameter, stream)));
        return name;
    }

    /// <summary>A number.</summary>
    /// <param name="value">The number.</param>
    public string Scalar(float value) => Small(string.Create(CultureInfo.InvariantCulture, $"float {value:R}"), OnnxType.Float, [], MemoryMarshal.AsBytes<float>([value]).ToArray());

    /// <summary>A whole number.</summary>
    /// <param name="value">The number.</param>
    public string Integer(long value) => Small(string.Create(CultureInfo.InvariantCulture, $"integer {value}"), OnnxType.Int64, [], MemoryMarshal.AsBytes<long>([value]).ToArray());

    /// <summary>A list of whole numbers.</summary>
    /// <param name="values">The numbers.</param>
    public string Integers(params long[] values) => Small($"integers {string.Join(' ', values)}", OnnxType.Int64, [values.Length], MemoryMarshal.AsBytes<long>(values).ToArray());

    /// <summary>The graph as a model.</summary>
    /// <param name="name">What the graph is called.</param>
    public ProtobufMessage ToModel(string name)
    {
        var graph = new ProtobufMessage();
        foreach (var operation in _operations) graph.Add(1, operation);
        graph.Add(2, name);
        foreach (var constant in _constants) graph.Add(5, constant);
        foreach (var input in _inputs) graph.Add(11, input);
        foreach (var output in _outputs) graph.Add(12, output);
        return new ProtobufMessage().Add(1, FormatVersion).Add(2, "Coppice").Add(7, graph).Add(8, new ProtobufMessage().Add(1, "").Add(2, OperationSet));
    }

    private string Small(string name, OnnxType type, long[] dimensions, byte[] bytes)
    {
        if (_stored.Add(name)) _constants.Add(Constant(name, type, dimensions).Add(9, bytes.Length, stream => stream.Write(bytes)));
        return name;
    }

    private static ProtobufMessage Constant(string name, OnnxType type, long[] dimensions)
    {
        var constant = new ProtobufMessage();
        foreach (var dimension in dimensions) constant.Add(1, dimension);
        return constant.Add(2, (long)type).Add(8, name);
    }

    private static ProtobufMessage Value(string name, OnnxType type, string[] dimensions)
    {
        var shape = new ProtobufMessage();
        foreach (var dimension in dimensions)
        {
            shape.Add(1, long.TryParse(dimension, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? new ProtobufMessage().Add(1, size) : new ProtobufMessage().Add(2, dimension));
        }

        return new ProtobufMessage().Add(1, name).Add(2, new ProtobufMessage().Add(1, new ProtobufMessage().Add(1, (long)type).Add(2, shape)));
    }

    private static ProtobufMessage Operation(string operation, string[] inputs, string output, (string Name, object Value)[] attributes)
    {
        var node = new ProtobufMessage();
        foreach (var input in inputs) node.Add(1, input);
        node.Add(2, output).Add(3, output).Add(4, operation);
        foreach (var (name, value) in attributes) node.Add(5, Attribute(new ProtobufMessage().Add(1, name), value));
        return node;
    }

    private static ProtobufMessage Attribute(ProtobufMessage attribute, object value)
    {
        const int Float = 1, Int = 2, Ints = 7;
        switch (value)
        {
            case float number:
                return attribute.Add(2, number).Add(20, Float);
            case long number:
                return attribute.Add(3, number).Add(20, Int);
            case long[] numbers:
                foreach (var number in numbers) attribute.Add(8, number);
                return attribute.Add(20, Ints);
            default:
                throw new ArgumentException($"An attribute can't be a {value.GetType().Name}.", nameof(value));
        }
    }

    // The format is little-endian, and so is every machine that .NET runs this on.
    private void Write(Parameter parameter, Stream stream)
    {
        var values = new float[Math.Min(Values, parameter.Count)];
        for (var start = 0L; start < parameter.Count; start += values.Length)
        {
            var part = values.AsSpan(0, (int)Math.Min(values.Length, parameter.Count - start));
            parameters.Values.CopyTo(parameter.Offset + start, part);
            stream.Write(MemoryMarshal.AsBytes(part));
        }
    }
}
