using System.Globalization;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Tensors.Tests.Operations;

/// <summary>Inputs, output and gradients of one operation, computed elsewhere in double precision.</summary>
internal sealed class Oracle : IDisposable
{
    public const string Folder = "oracles/ops";

    // Float32 sums of up to a hundred terms, against numbers that are rounded once.
    private const double Tolerance = 2e-6;

    private readonly SafetensorsFile _file;

    public Oracle(string name) => _file = SafetensorsFile.Open(SharedData.At($"{Folder}/{name}.safetensors"));

    public float Constant(string name) => float.Parse(_file.Metadata[name], CultureInfo.InvariantCulture);

    public float[] Floats(string name) => _file.ReadFloats(name);

    public int[] Integers(string name) => [.. _file.ReadIntegers(name).Select(value => checked((int)value))];

    /// <summary>The size of a dimension of a tensor.</summary>
    public int Size(string name, int dimension) => (int)_file.Find(name).Shape[dimension];

    /// <summary>An input as a matrix [all but the innermost dimension, innermost dimension], or as a vector; its gradient is wanted.</summary>
    public Tensor Variable(Tape tape, string name)
    {
        var info = _file.Find($"in.{name}");
        var columns = (int)info.Shape[^1];
        return tape.Variable(info.Shape.Count == 1 ? new Shape(columns) : new Shape((int)(info.Count / columns), columns), Floats($"in.{name}"));
    }

    /// <summary>Compares the output, runs the backward pass of sum(output · dout) and compares the gradients.</summary>
    public void Check(Tape tape, Tensor output, params (string Name, Tensor Input)[] inputs)
    {
        Close.Relative(Floats("out"), output.ToArray(), Tolerance, "output");
        tape.Backward(tape.Sum(tape.Multiply(output, tape.Constant(output.Shape, Floats("dout")))));
        CheckGradients(inputs);
    }

    public void CheckGradients(params (string Name, Tensor Input)[] inputs)
    {
        foreach (var (name, input) in inputs) Close.Relative(Floats($"grad.{name}"), input.GradientToArray(), Tolerance, $"gradient of {name}");
    }

    public void Dispose() => _file.Dispose();
}
