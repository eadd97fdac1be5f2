using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Life;

public class AdapterSetTests
{
    [Fact]
    public void One_adapter_is_on_at_a_time_and_each_computes_what_it_did()
    {
        using var adapted = new AdaptedModel("lora", "gpt2");
        adapted.Train();
        var first = adapted.AdaptedOutput();
        adapted.Set.Activate(AdaptedModel.Name);
        adapted.Set.Add("biases", new AdapterSettings { Method = "bitfit" }, seed: 1);
        Assert.Equal(AdaptedModel.Name, adapted.Set.Active!.Name);
        Assert.Equal(first, adapted.Output());
        var biases = adapted.Set["biases"].Parameters;
        foreach (var parameter in biases.Parameters) parameter.Tensor.CopyFrom([.. Enumerable.Repeat(0.3f, (int)parameter.Count)]);
        adapted.Set.Activate("biases");
        var second = adapted.Output();
        Assert.NotEqual(first, second);
        adapted.Set.Activate(AdaptedModel.Name);
        Assert.Equal(first, adapted.Output());
        adapted.Set.Activate("biases");
        Assert.Equal(second, adapted.Output());
        adapted.Set.Remove("biases");
        Assert.Null(adapted.Set.Active);
        Assert.Equal([AdaptedModel.Name], adapted.Set.Names);
    }

    [Fact]
    public void Names_that_are_taken_empty_or_unknown_are_refused()
    {
        using var adapted = new AdaptedModel("lora", "gpt2");
        Assert.Throws<CoppiceException>(() => adapted.Set.Add(AdaptedModel.Name, AdaptedModel.Settings("lora"), seed: 1));
        Assert.Throws<CoppiceException>(() => adapted.Set.Add(" ", AdaptedModel.Settings("lora"), seed: 1));
        Assert.Contains("did you mean 'adapter'", Assert.Throws<CoppiceException>(() => adapted.Set.Activate("adaptor")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_trained_itself_takes_no_adapters()
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create("gpt2", backend, trainable: true);
        Assert.Throws<ArgumentException>(() => new AdapterSet(model));
    }

    [Theory]
    [InlineData("bitfit", "llama", "bias")]
    [InlineData("layers", "gpt2", "layers")]
    [InlineData("pissa", "gpt2", "rank")]
    public void What_the_model_does_not_have_is_refused(string method, string architecture, string named)
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(architecture, backend);
        using var set = new AdapterSet(model);
        var error = Assert.Throws<CoppiceException>(() => set.Add("a", new AdapterSettings { Method = method, Rank = 50 }, seed: 1));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Empty(set.Names);
    }

    [Fact]
    public void A_lora_stands_on_quantised_weights_and_can_not_be_merged_into_them_or_trained_there()
    {
        using var adapted = new AdaptedModel("lora", "llama", AdaptedModel.Settings("lora") with { Rank = 2 });
        adapted.Train(20);
        using var quantised = QuantizedModel.Of(adapted.Model, Quantization.Int8);
        using var set = new AdapterSet(quantised);
        var contents = AdapterContents.Of(adapted.Adapter);
        contents.AddTo(set, "a");
        var without = AdaptedModel.Output(quantised);
        set.Activate("a");
        Assert.True(AdaptedModel.RelativeError(adapted.AdaptedOutput(), AdaptedModel.Output(quantised)) < 0.1);
        Assert.True(AdaptedModel.RelativeError(without, AdaptedModel.Output(quantised)) > 0.02);
        Assert.Contains("quantis", Assert.Throws<CoppiceException>(() => AdapterMerge.Into(set, "a")).Message, StringComparison.Ordinal);
        Assert.Contains("quantis", Assert.Throws<CoppiceException>(() => contents.AddTo(set, "b", trainable: true)).Message, StringComparison.Ordinal);
        Assert.Contains("quantis", Assert.Throws<CoppiceException>(() => set.Add("c", AdaptedModel.Settings("lora"), seed: 1)).Message, StringComparison.Ordinal);
    }
}
