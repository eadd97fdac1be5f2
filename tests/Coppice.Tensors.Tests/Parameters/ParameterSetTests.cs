namespace Coppice.Tensors.Tests.Parameters;

/// <summary>Parameters lie side by side in flat buffers: matrices, then vectors.</summary>
public sealed class ParameterSetTests : IDisposable
{
    private static readonly ParameterSpecification[] Specifications =
    [
        new("norm", new Shape(5)), new("first", new Shape(3, 7)), new("bias", new Shape(17)), new("second", new Shape(4, 4)), new("deep", new Shape(2, 3, 4)),
    ];

    private readonly Backend _backend = Backends.Create(1);

    public void Dispose() => _backend.Dispose();

    [Fact]
    public void Gradients_of_a_step_replace_those_before_add_up_within_it_and_are_zero_where_none_came()
    {
        using var set = new ParameterSet(_backend, Specifications);
        using var tape = new Tape(_backend);
        for (var value = 0; value < set.Gradients!.Count; value++) set.Gradients.CopyFrom([99f], value);
        set.BeginGradients();
        for (var part = 0; part < 2; part++)
        {
            tape.Backward(tape.Add(tape.Sum(set["norm"].Tensor), tape.Sum(tape.Scale(set["first"].Tensor, 3))));
            tape.Reset();
        }

        set.EndGradients();
        Assert.All(set["norm"].Tensor.GradientToArray(), gradient => Assert.Equal(2, gradient));
        Assert.All(set["first"].Tensor.GradientToArray(), gradient => Assert.Equal(6, gradient));
        foreach (var unused in new[] { "bias", "second", "deep" }) Assert.All(set[unused].Tensor.GradientToArray(), gradient => Assert.Equal(0, gradient));
    }

    [Fact]
    public void What_stands_in_for_frozen_parameters_computes_and_takes_the_gradients_and_leaves_them_as_they_were()
    {
        using var frozen = new ParameterSet(_backend, Specifications, trainable: false);
        using var own = new ParameterSet(_backend, [new("bias", new Shape(17)), new("added", new Shape(2))]);
        var before = Enumerable.Range(0, 17).Select(i => (float)i).ToArray();
        frozen["bias"].Tensor.CopyFrom(before);
        var held = frozen["bias"].Tensor;
        own["bias"].Tensor.CopyFrom([.. Enumerable.Repeat(2f, 17)]);

        own.StandIn(frozen, ["bias"]);
        Assert.Throws<InvalidOperationException>(() => own.StandIn(frozen, ["bias"]));
        for (var step = 1; step <= 2; step++)
        {
            using var tape = new Tape(_backend);
            own.BeginGradients();
            var loss = tape.Sum(tape.Scale(held, 3 * step));
            Assert.Equal(17 * 6 * step, loss.Item);
            tape.Backward(loss);
            own.EndGradients();
            Assert.All(own["bias"].Tensor.GradientToArray(), gradient => Assert.Equal(3 * step, gradient));
            Assert.All(own["added"].Tensor.GradientToArray(), gradient => Assert.Equal(0, gradient));
        }

        own.StandBack(frozen, ["bias"]);
        Assert.Equal(before, held.ToArray());
        Assert.False(held.RequiresGradient);
        Assert.Equal(Enumerable.Repeat(2f, 17), own["bias"].Tensor.ToArray());
    }

    [Fact]
    public void Matrices_come_first_each_at_a_multiple_of_16_and_listing_keeps_the_order_of_the_model()
    {
        using var set = new ParameterSet(_backend, Specifications);
        Assert.Equal(["norm", "first", "bias", "second", "deep"], set.Parameters.Select(p => p.Name));
        Assert.Equal([("first", 0L), ("second", 32L), ("deep", 48L), ("norm", 80L), ("bias", 96L)], set.Parameters.OrderBy(p => p.Offset).Select(p => (p.Name, p.Offset)));
        Assert.Equal(80, set.MatrixCount);
        Assert.Equal(128, set.Values.Count);
        Assert.Equal(128, set.Gradients!.Count);
        Assert.Equal(5 + 21 + 17 + 16 + 24, set.Count);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(2, 0, 64)]
    [InlineData(0, 2, 0)]
    public void The_matrices_are_counted_where_there_are_only_matrices_or_only_vectors(int matrices, int vectors, int expected)
    {
        ParameterSpecification[] specifications =
        [
            .. Enumerable.Range(0, vectors).Select(i => new ParameterSpecification($"v{i}", new Shape(20))),
            .. Enumerable.Range(0, matrices).Select(i => new ParameterSpecification($"m{i}", new Shape(4, 5))),
        ];
        using var set = new ParameterSet(_backend, specifications);
        Assert.Equal(expected, set.MatrixCount);
        Assert.Equal(32 * (matrices + vectors), set.Values.Count);
    }

    [Fact]
    public void Tensors_and_flat_buffers_are_the_same_memory_and_padding_stays_zero()
    {
        using var set = new ParameterSet(_backend, Specifications);
        foreach (var parameter in set.Parameters) parameter.Tensor.CopyFrom([.. Enumerable.Range(1, (int)parameter.Count).Select(i => i + 1000f * parameter.Offset)]);
        var values = new float[set.Values.Count];
        set.Values.CopyTo(0, values);
        Assert.Equal(set.Count, values.Count(value => value != 0));
        foreach (var parameter in set.Parameters) Assert.Equal(parameter.Tensor.ToArray(), values.AsSpan((int)parameter.Offset, (int)parameter.Count).ToArray());

        using var tape = new Tape(_backend);
        var bias = set["bias"];
        tape.Backward(tape.Sum(tape.Scale(bias.Tensor, 3)));
        var gradients = new float[set.Gradients!.Count];
        set.Gradients.CopyTo(0, gradients);
        Assert.Equal(Enumerable.Range(0, gradients.Length).Select(i => i >= bias.Offset && i < bias.Offset + bias.Count ? 3f : 0f), gradients);
    }

    [Fact]
    public void Values_begin_at_zero()
    {
        using var set = new ParameterSet(_backend, Specifications);
        Assert.Equal(0, set.Values.SumOfSquares());
        Assert.Equal(0, set.Gradients!.SumOfSquares());
    }

    [Fact]
    public void A_frozen_set_has_no_gradients_and_none_flow_to_it()
    {
        using var set = new ParameterSet(_backend, Specifications, trainable: false);
        Assert.Null(set.Gradients);
        Assert.All(set.Parameters, parameter => Assert.False(parameter.Tensor.RequiresGradient || parameter.Tensor.HasGradient));
        using var tape = new Tape(_backend);
        var x = tape.Variable(new Shape(2, 7), new float[14]);
        tape.Backward(tape.Sum(tape.Linear(x, set["first"].Tensor)));
        Assert.True(x.HasGradient);
        Assert.False(set["first"].Tensor.HasGradient);
    }

    [Fact]
    public void Parameters_are_found_by_name()
    {
        using var set = new ParameterSet(_backend, Specifications);
        Assert.Equal(new Shape(3, 7), set["first"].Shape);
        Assert.True(set.TryGet("bias", out var bias));
        Assert.Same(set["bias"], bias);
        Assert.False(set.TryGet("Bias", out _));
        Assert.Contains("'Bias'", Assert.Throws<KeyNotFoundException>(() => set["Bias"]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_are_unique() =>
        Assert.Throws<ArgumentException>(() => new ParameterSet(_backend, [new("a", new Shape(1)), new("a", new Shape(2))]));

    [Fact]
    public void A_set_without_parameters_is_empty()
    {
        using var set = new ParameterSet(_backend, []);
        Assert.Equal(0, set.Count);
        Assert.Equal(0, set.MatrixCount);
        Assert.Equal(0, set.Values.Count);
    }
}
