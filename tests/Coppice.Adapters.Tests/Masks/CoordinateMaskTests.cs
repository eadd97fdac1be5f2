using Coppice.Adapters.Masks;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Masks;

public sealed class CoordinateMaskTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(1);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(77)]
    [InlineData(5000)]
    [InlineData(9031)]
    public void The_largest_magnitudes_are_those_that_sorting_finds_and_of_equal_ones_the_first(int count)
    {
        // Sizes that are no multiple of 16, so that there are gaps between the parameters, which are 0 as many values are.
        using var parameters = new ParameterSet(_backend, [new("a", new Shape(90, 100)), new("b", new Shape(13)), new("c", new Shape(3, 6))]);
        var random = new Philox(3, 0);
        using var values = new FlatBuffer(_backend, parameters.Values.Count);
        var all = new List<(long Place, float Magnitude)>();
        foreach (var parameter in parameters.Parameters)
        {
            for (var i = 0; i < parameter.Count; i++)
            {
                // Few different values, of both signs and of many sizes.
                var value = random.Integer((ulong)(parameter.Offset + i), 40) - 20;
                var scaled = value * MathF.Pow(10, random.Integer((ulong)(parameter.Offset + i) + 100_000, 5) * 8 - 20);
                values.CopyFrom([scaled], parameter.Offset + i);
                all.Add((parameter.Offset + i, Math.Abs(scaled)));
            }
        }

        var mask = new CoordinateMask(values.Count);
        mask.AddLargest(values, parameters.Parameters, count);
        var expected = all.Select((pair, order) => (pair.Place, pair.Magnitude, Order: order)).OrderByDescending(entry => entry.Magnitude).ThenBy(entry => entry.Order).Take(count).Select(entry => entry.Place);
        Assert.Equal(count, mask.Count);
        Assert.Equal(expected.Order(), all.Select(pair => pair.Place).Where(mask.Contains).Order());
    }

    [Fact]
    public void What_is_erased_changes_no_bit_when_it_is_added_even_of_minus_zero()
    {
        using var parameters = new ParameterSet(_backend, [new("a", new Shape(3000))]);
        using var update = new FlatBuffer(_backend, parameters.Values.Count);
        float[] values = [.. Enumerable.Range(0, 3000).Select(i => i % 3 == 0 ? -0f : i % 7)];
        parameters.Parameters[0].Tensor.CopyFrom(values);
        update.CopyFrom([.. Enumerable.Repeat(float.NaN, 3000)], 0);
        var mask = new CoordinateMask(update.Count);
        mask.Add(2500);
        update.CopyFrom([1f], 2500);
        mask.Erase(update, 0, 3000);
        parameters.Values.ScaleAdd(1, update, 1, 0, 3000);
        var after = parameters.Parameters[0].Tensor.ToArray();
        Assert.Equal(values[2500] + 1, after[2500]);
        values[2500] = after[2500];
        Assert.Equal(values.Select(BitConverter.SingleToInt32Bits), after.Select(BitConverter.SingleToInt32Bits));
    }
}
