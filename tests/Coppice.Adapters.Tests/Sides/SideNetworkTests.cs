using Coppice.Adapters.Methods;
using Coppice.Adapters.Sides;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;

namespace Coppice.Adapters.Tests.Sides;

/// <summary>Networks beside a frozen model.</summary>
public class SideNetworkTests
{
    [Fact]
    public void A_gate_begins_in_the_middle_and_moves_ten_times_as_far_as_its_parameter()
    {
        using var backend = Backends.Create(1);
        using var tape = new Tape(backend) { Recording = false };
        Assert.Equal(0.5f, Gates.Sigmoid(tape, tape.Constant(new Shape(1, 1), [0f]), 10).Item);
        Assert.Equal(1 / (1 + Math.Exp(-3)), Gates.Sigmoid(tape, tape.Constant(new Shape(1, 1), [0.3f]), 10).Item, 1e-6);
        Assert.Equal(0.731058579, Gates.Sigmoid(tape, tape.Constant(new Shape(1, 1), [1f])).Item, 1e-6);
        Assert.Equal(1f, Gates.Sigmoid(tape, tape.Constant(new Shape(1, 1), [40f])).Item);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("bert")]
    public void A_whole_share_of_the_model_is_the_model_to_the_bit(string architecture)
    {
        using var adapted = new AdaptedModel("qst", architecture);
        adapted.Train();
        Assert.True(AdaptedModel.RelativeError(adapted.Output(), adapted.AdaptedOutput()) > 1e-3);
        adapted.Adapter.Parameters["side.share"].Tensor.CopyFrom([40f]);
        Assert.Equal(adapted.Output(), adapted.AdaptedOutput());
    }

    [Theory]
    [InlineData("lst", "gpt2")]
    [InlineData("lst", "llama")]
    [InlineData("lst", "bert")]
    [InlineData("qst", "llama")]
    public void After_a_few_steps_all_of_the_network_has_moved_gates_included(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        var before = adapted.Adapter.Parameters.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Tensor.ToArray());
        adapted.Train(3);
        Assert.All(adapted.Adapter.Parameters.Parameters, parameter => Assert.False(before[parameter.Name].SequenceEqual(parameter.Tensor.ToArray()), parameter.Name));
    }

    [Theory]
    [InlineData("lst")]
    [InlineData("qst")]
    public void Training_takes_at_most_half_of_the_memory_that_lora_takes(string method)
    {
        var (side, lora) = (Peak(new AdapterSettings { Method = method }), Peak(new AdapterSettings { Rank = 4 }));
        Assert.True(side <= lora / 2, $"{side} bytes, and with LoRA {lora}");
    }

    [Fact]
    public void The_fewer_layers_are_adapted_from_the_last_the_less_memory_training_takes()
    {
        var peaks = new[] { 0, 2, 5 }.Select(first => Peak(new AdapterSettings { Rank = 4, Targets = TargetPattern.Of("q_proj", "v_proj"), Layers = [.. Enumerable.Range(first, 8 - first)] })).ToArray();
        Assert.True(peaks[1] < 0.85 * peaks[0] && peaks[2] < 0.6 * peaks[0], string.Join(", ", peaks));
    }

    [Theory]
    [InlineData("lst", "gpt2")]
    [InlineData("lst", "llama")]
    [InlineData("qst", "gpt_neox")]
    [InlineData("qst", "opt")]
    public void A_text_that_is_continued_from_a_cache_gets_the_same_logits_as_the_whole_text(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture, AdaptedModel.Settings(method));
        adapted.Train();
        adapted.Set.Activate(AdaptedModel.Name);
        var tokens = TinyModels.Tokens(12);
        var whole = TinyModels.Logits(adapted.Model, tokens);
        var continued = new List<float>();
        using (var cache = adapted.Model.CreateCache(slots: 2))
        using (var tape = new Tape(adapted.Backend) { Recording = false })
        {
            var input = new ModelInput(adapted.Model);
            foreach (var part in new[] { tokens[..5], tokens[5..6], tokens[6..] })
            {
                input.Set(tape, part, cache);
                continued.AddRange(adapted.Model.Logits(tape, adapted.Model.Hidden(tape, input)).ToArray());
                cache.Advance(part.Length);
                tape.Reset();
            }
        }

        adapted.Set.Deactivate();
        Assert.True(AdaptedModel.RelativeError(whole, [.. continued]) < 1e-5);
    }

    [Fact]
    public void A_cache_from_before_the_network_is_refused()
    {
        using var adapted = new AdaptedModel("lst", "llama");
        using var cache = adapted.Model.CreateCache();
        adapted.Set.Activate(AdaptedModel.Name);
        using var tape = new Tape(adapted.Backend) { Recording = false };
        var input = new ModelInput(adapted.Model);
        input.Set(tape, TinyModels.Tokens(3), cache);
        Assert.Contains("cache", Assert.Throws<InvalidOperationException>(() => adapted.Model.Hidden(tape, input)).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => adapted.Model.CreateForgettingCache(10));
        adapted.Set.Deactivate();
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("phi3")]
    [InlineData("gpt_neox")]
    [InlineData("opt")]
    [InlineData("bert")]
    public void Blocks_of_a_ladder_begin_as_the_models_cut_down(string architecture)
    {
        using var adapted = new AdaptedModel("lst", architecture, new() { Method = "lst", Lst = new LstSettings { Reduction = 4 } });
        var parameters = adapted.Adapter.Parameters;
        var down = parameters["side.down.0.weight"].Tensor.ToArray();
        Assert.Equal(parameters["side.down.0.weight"].Shape.Rows, down.Count(value => value == 1));
        Assert.All(down, value => Assert.True(value is 0 or 1));
        Assert.Equal(down, parameters["side.down.2.weight"].Tensor.ToArray());
        var own = adapted.Model.Projections.SelectMany(slot => ((DenseProjection)slot.Own).Weight.Tensor.ToArray()).ToHashSet();
        foreach (var part in new[] { "query", "key", "value", "output", "up", "down" })
        {
            Assert.All(parameters[$"side.blocks.1.{part}.weight"].Tensor.ToArray(), value => Assert.Contains(value, own));
        }
    }

    [Fact]
    public void The_value_rows_of_a_cut_are_those_of_the_same_places_as_its_output_columns()
    {
        // What attention passes from a place of the stream to another through one of its inner elements is the same in the cut as in the model.
        using var adapted = new AdaptedModel("lst", "gpt2", new() { Method = "lst", Lst = new LstSettings { Reduction = 4 } });
        var parameters = adapted.Adapter.Parameters;
        var (value, output) = (parameters["side.blocks.0.value.weight"].Tensor.ToArray(), parameters["side.blocks.0.output.weight"].Tensor.ToArray());
        var down = parameters["side.down.0.weight"].Tensor.ToArray();
        int[] stream = [.. Enumerable.Range(0, 2).Select(row => Array.IndexOf(down, 1f, row * 12) - row * 12)];
        // Inputs by outputs: queries, keys and values side by side.
        var fused = adapted.Model.Parameters["transformer.h.0.attn.c_attn.weight"].Tensor.ToArray();
        var mixed = adapted.Model.Parameters["transformer.h.0.attn.c_proj.weight"].Tensor.ToArray();
        for (var inner = 0; inner < 2; inner++)
        {
            var place = Enumerable.Range(0, 12).Single(i => fused[stream[0] * 36 + 24 + i] == value[inner * 2]);
            Assert.Equal(fused[stream[1] * 36 + 24 + place], value[inner * 2 + 1]);
            Assert.Equal(mixed[place * 12 + stream[0]], output[inner]);
            Assert.Equal(mixed[place * 12 + stream[1]], output[2 + inner]);
        }
    }

    [Fact]
    public void A_ladder_can_leave_layers_out_and_take_the_place_of_the_model()
    {
        using var adapted = new AdaptedModel("lst", "llama", new() { Method = "lst", Lst = new LstSettings { Reduction = 2, DropEvery = 2, AddToBase = false } });
        Assert.DoesNotContain(adapted.Adapter.Parameters.Parameters, parameter => parameter.Name.StartsWith("side.blocks.1.", StringComparison.Ordinal));
        Assert.True(AdaptedModel.RelativeError(adapted.Output(), adapted.AdaptedOutput()) > 0.01);
        Assert.Equal(
            adapted.Adapter.Method.CountOf(adapted.Model, adapted.Adapter.Settings, []), adapted.Adapter.Parameters.Count);
        adapted.Train();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 1)]
    [InlineData(2, -1)]
    public void Sizes_that_are_none_are_refused(int reduction, int dropEvery)
    {
        using var adapted = new AdaptedModel("full", "gpt2");
        Assert.Throws<CoppiceException>(() => adapted.Set.Add("other", new AdapterSettings { Method = "lst", Lst = new LstSettings { Reduction = reduction, DropEvery = dropEvery } }, seed: 1));
        Assert.Throws<CoppiceException>(() => adapted.Set.Add("other", new AdapterSettings { Method = "qst", Qst = new QstSettings { Reduction = 2, Bottleneck = 13 } }, seed: 1));
    }

    [Fact]
    public void An_encoder_decoder_has_no_side_network()
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create("t5", backend);
        using var set = new AdapterSet(model);
        Assert.Contains("t5", Assert.Throws<CoppiceException>(() => set.Add("a", new AdapterSettings { Method = "lst" }, seed: 1)).Message, StringComparison.Ordinal);
    }

    // The most memory of a step of a model with eight layers, without the weights.
    private static long Peak(AdapterSettings settings)
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(
            new LlamaConfiguration { Family = "llama", VocabularySize = 50, HiddenSize = 64, Layers = 8, Heads = 4, KeyValueHeads = 4, HeadSize = 16, MaxPositions = 128, IntermediateSize = 172, BeginOfText = 1, EndOfText = 2 }, backend);
        using var set = new AdapterSet(model);
        var adapter = set.Add("a", settings, seed: 1);
        set.Activate("a");
        using var trainer = new Trainer(model, new CausalObjective(), new OptimizerChain(adapter.Parameters, []), seed: 1, parameters: adapter.Parameters);
        var batch = new Corpus.PackedBatch();
        var tokens = TinyModels.Tokens(129);
        batch.Add(tokens.AsSpan(0, 128), tokens.AsSpan(1, 128), Enumerable.Repeat(1f, 128).ToArray());
        trainer.ComputeGradients([batch], 0);
        set.Deactivate();
        return trainer.Arena.PeakBytes;
    }
}
