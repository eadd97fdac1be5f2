using System.Globalization;

namespace Coppice.Tensors.Tests.Operations;

/// <summary>
/// Compares the gradients of an operation, on every kernel level, with differences of its output on the reference backend. Whatever an
/// operation is, its gradients have to come out right in each of these cases: its inputs are parameters-like variables or intermediate
/// results; an input is used once, or before, or afterwards too; its output and its inputs are kept or not; some inputs are frozen.
/// </summary>
internal sealed class GradientCheck
{
    // Inputs are multiples of 2^-10 and steps of 2^-5: x ± step and x ± 2 step are exact, and the error of the differences is of the order of
    // step⁴ · the fifth derivative / 30 and of 10^-7 · output / step.
    private const float Grid = 1f / 1024;
    private const float Step = 1f / 32;
    private const double Tolerance = 5e-5;
    private const int LargestChecked = 48;

    private readonly Func<Scope, Tensor[], Tensor> _operation;
    private readonly Shape[] _shapes;
    private readonly float[][] _values;

    private float[] _outputGradient = [];
    private float[][] _differences = [];

    private GradientCheck(Func<Scope, Tensor[], Tensor> operation, Shape[] shapes, float smallest)
    {
        (_operation, _shapes) = (operation, shapes);
        _values = [.. shapes.Select((shape, i) => RandomValues(shape.Count, (ulong)i, smallest))];
    }

    /// <summary>How the inputs come to the operation, and what else happens to them.</summary>
    private enum Use
    {
        /// <summary>Variables: their gradients stay, nothing else uses them.</summary>
        Alone,

        /// <summary>Intermediate results, which an earlier operation has used too.</summary>
        Before,

        /// <summary>Intermediate results, which a later operation uses too: their gradients are there already.</summary>
        After,

        /// <summary>Kept intermediate results, and a kept output.</summary>
        Kept,
    }

    /// <summary>Checks all gradients of an operation.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="shapes">The shapes of its inputs.</param>
    /// <param name="smallest">Inputs are random numbers of about -2 to 2, or, where this is positive, from here to about 2 more.</param>
    /// <param name="usesUp">The operation takes the memory of an input, which nothing else may use afterwards.</param>
    /// <param name="isObjective">The output is a loss that can't be weighed.</param>
    public static void Run(Func<Scope, Tensor[], Tensor> operation, Shape[] shapes, float smallest = 0, bool usesUp = false, bool isObjective = false)
    {
        var check = new GradientCheck(operation, shapes, smallest);
        check.Differentiate(isObjective);
        foreach (var level in Backends.Supported)
        {
            var single = check.CheckLevel(level, threads: 1, usesUp);
            var two = check.CheckLevel(level, threads: 2, usesUp);
            Assert.Equal(single, two);
        }
    }

    /// <summary>∂(output · output gradient)/∂input by five-point differences in double precision.</summary>
    private void Differentiate(bool isObjective)
    {
        using var scope = new Scope(KernelLevel.Scalar, threads: 1);
        scope.Tape.Recording = false;
        var count = Forward(scope).Length;
        _outputGradient = isObjective ? [1f] : RandomValues(count, 100, 0);
        _differences = [.. _values.Select(values => values.Select((_, i) => Difference(scope, values, i)).ToArray())];
        foreach (var differences in _differences) Assert.True(differences.Max(Math.Abs) > 1e-3, "The check would notice nothing: all gradients are almost zero.");
    }

    private float Difference(Scope scope, float[] values, int i)
    {
        // Every element of small inputs; evenly spread elements of large ones (NaN: not computed).
        var spacing = Math.Max(1, values.Length / LargestChecked);
        if (i % spacing != 0) return float.NaN;
        var x = values[i];
        double At(float steps)
        {
            values[i] = x + steps * Step;
            var output = Forward(scope);
            values[i] = x;
            return output.Select((y, j) => (double)y * _outputGradient[j]).Sum();
        }

        return (float)((8 * (At(1) - At(-1)) - (At(2) - At(-2))) / (12 * Step));
    }

    private float[] Forward(Scope scope)
    {
        var inputs = _values.Select((values, i) => scope.Tape.Variable(_shapes[i], values)).ToArray();
        var output = _operation(scope, inputs).ToArray();
        scope.Tape.Reset();
        return output;
    }

    private float[] CheckLevel(KernelLevel level, int threads, bool usesUp)
    {
        using var scope = new Scope(level, threads);
        var all = (1 << _shapes.Length) - 1;
        List<float> gradients = [];
        foreach (var use in Enum.GetValues<Use>())
        {
            if (use == Use.After && usesUp) continue;
            gradients.AddRange(CheckGradients(scope, all, use, $"{level}, {threads} threads, {use}"));
        }

        for (var trained = 1; trained < all; trained++)
        {
            CheckGradients(scope, trained, Use.Alone, string.Create(CultureInfo.InvariantCulture, $"{level}, {threads} threads, inputs {trained:b} trained"));
        }

        return [.. gradients];
    }

    private float[] CheckGradients(Scope scope, int trained, Use use, string what)
    {
        const float Extra = 0.75f;
        var tape = scope.Tape;
        var variables = _values.Select((values, i) => (trained >> i & 1) == 1 ? tape.Variable(_shapes[i], values) : tape.Constant(_shapes[i], values)).ToArray();
        var inputs = use == Use.Alone ? variables : [.. variables.Select(x => tape.Scale(x, 1))];
        if (use == Use.Kept) Array.ForEach(inputs, Tape.Keep);
        List<Tensor> terms = [];
        void AddUses() => terms.AddRange(inputs.Select(x => tape.Sum(tape.Scale(x, Extra))));

        if (use == Use.Before) AddUses();
        var output = _operation(scope, inputs);
        if (use == Use.Kept) Tape.Keep(output);
        terms.Add(_outputGradient is [1f] ? output : tape.Sum(tape.Multiply(output, tape.Constant(output.Shape, _outputGradient))));
        if (use == Use.After) AddUses();
        tape.Backward(terms.Aggregate((sum, term) => tape.Add(sum, term)));

        if (use == Use.Kept) Assert.Equal(_outputGradient, output.GradientToArray());
        List<float> result = [];
        for (var i = 0; i < variables.Length; i++)
        {
            Assert.Equal((trained >> i & 1) == 1, variables[i].HasGradient);
            if (!variables[i].HasGradient) continue;
            var gradient = variables[i].GradientToArray();
            if (use == Use.Kept) Assert.Equal(gradient, inputs[i].GradientToArray());
            Compare(_differences[i], gradient, use is Use.Before or Use.After ? Extra : 0, $"input {i}, {what}");
            result.AddRange(gradient);
        }

        tape.Reset();
        Assert.Equal(0, tape.Arena.BytesInUse);
        return [.. result];
    }

    private static void Compare(float[] differences, float[] gradient, float extra, string what)
    {
        var largest = differences.Where(float.IsFinite).Max(Math.Abs);
        for (var i = 0; i < gradient.Length; i++)
        {
            Assert.True(float.IsFinite(gradient[i]), $"{what}, element {i}: {gradient[i]}");
            var error = Math.Abs(gradient[i] - extra - differences[i]);
            Assert.False(error > Tolerance * Math.Max(1, largest), $"{what}, element {i}: gradient {gradient[i] - extra}, by differences {differences[i]}");
        }
    }

    private static float[] RandomValues(long count, ulong stream, float smallest)
    {
        var random = new Philox(7, stream);
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            var value = smallest > 0 ? smallest + 2 * random.Uniform((ulong)i) : random.Normal((ulong)i);
            values[i] = MathF.Round(value / Grid) * Grid;
        }

        return values;
    }
}
