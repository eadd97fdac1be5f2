using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Adapters.Tests.Directories;

/// <summary>Adapters that change few of the base's values are small on disk.</summary>
public sealed class ChangedValuesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Weights => _folder.At($"a/{AdapterDirectory.WeightsFile}");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Few_changed_values_are_stored_with_their_places()
    {
        using var adapted = Saved("fish");
        var (before, after) = (Values(adapted.Model.Parameters.Values), Values(adapted.Adapter.Parameters.Values));
        Assert.NotEqual(before, after);
        using var file = SafetensorsFile.Open(Weights);
        Assert.Equal(["changed_places", "changed_values"], file.Tensors.Select(tensor => tensor.Name).Order());
        Assert.InRange(file.ReadFloats("changed_values").Length, 1, adapted.Adapter.Mask!.Count);
        Assert.Equal(before.Zip(after).Count(pair => pair.First != pair.Second), file.ReadFloats("changed_values").Length);
    }

    [Fact]
    public void Where_most_have_changed_all_are_stored()
    {
        using var adapted = Saved("gmt");
        using var file = SafetensorsFile.Open(Weights);
        Assert.Equal(adapted.Model.Parameters.Parameters.Count, file.Tensors.Count);
    }

    [Fact]
    public void What_is_trained_further_is_what_has_changed()
    {
        using var adapted = Saved("fish");
        using var fresh = TinyModels.Create("gpt2", adapted.Backend);
        using var set = new AdapterSet(fresh);
        var again = AdapterDirectory.Load(_folder.At("a"), set, "again", trainable: true);
        using var file = SafetensorsFile.Open(Weights);
        Assert.Equal(file.ReadFloats("changed_values").Length, again.Mask!.Count);
        Assert.NotNull(again.CreateTraining(3).Transform);
    }

    [Theory]
    [InlineData(0, -1)]
    [InlineData(1, 0)]
    [InlineData(2, long.MaxValue)]
    [InlineData(0, 1_000_000)]
    public void Places_that_are_none_of_the_model_or_out_of_order_are_refused(int index, long place)
    {
        using var adapted = Saved("fish");
        long[] places;
        float[] values;
        using (var file = SafetensorsFile.Open(Weights)) (places, values) = (file.ReadIntegers("changed_places"), file.ReadFloats("changed_values"));
        places[index] = place;
        SafetensorsWriter.Write(Weights, [TensorToWrite.Integers("changed_places", [places.Length], places), TensorToWrite.Floats("changed_values", [values.Length], values)]);
        Assert.Throws<CoppiceException>(() => AdapterDirectory.Load(_folder.At("a"), adapted.Set, "b"));
        Assert.DoesNotContain("b", adapted.Set.Names);
    }

    [Fact]
    public void An_adapter_that_changed_nothing_is_stored_and_read_as_that()
    {
        using var adapted = new AdaptedModel("fish", "gpt2");
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name);
        AdapterDirectory.Load(_folder.At("a"), adapted.Set, "b");
        adapted.Set.Activate("b");
        var output = adapted.Output();
        adapted.Set.Deactivate();
        Assert.Equal(adapted.Output(), output);
    }

    private AdaptedModel Saved(string method)
    {
        var adapted = new AdaptedModel(method, "gpt2");
        adapted.Train();
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name);
        return adapted;
    }

    private static float[] Values(Coppice.Tensors.FlatBuffer buffer)
    {
        var values = new float[buffer.Count];
        buffer.CopyTo(0, values);
        return values;
    }
}
