using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>Virtual tokens do what tokens in front of the text would.</summary>
public class PromptTests
{
    private static readonly string[] Prompts = ["prompt", "p-tuning", "prefix", "sparc"];

    private static readonly int[] Prompt = [7, 3, 21];

    public static TheoryData<string> Everything => [.. TinyModels.Names, .. TinyModels.EncoderNames];

    // Qwen3 norms its keys behind the projection.
    public static TheoryData<string> WithPrefix => [.. TinyModels.Names.Where(name => name != "qwen3")];

    public static TheoryData<string, string> Decoders
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var architecture in TinyModels.Names)
            {
                foreach (var method in Prompts.Where(method => method != "prefix" || architecture != "qwen3")) data.Add(method, architecture);
            }

            return data;
        }
    }

    public static TheoryData<string, string> Methods => MethodTable.Where(row => Prompts.Contains(row.Name));

    [Theory]
    [MemberData(nameof(Everything))]
    public void A_prompt_that_begins_as_a_text_is_that_text_in_front_bit_for_bit(string architecture)
    {
        using var adapted = new AdaptedModel("prompt", architecture, OfText("prompt"));
        var text = TinyModels.Tokens(9);
        var expected = TinyModels.Hidden(adapted.Model, [.. Prompt, .. text]);
        adapted.Set.Activate(AdaptedModel.Name);
        Assert.Equal(expected[(Prompt.Length * adapted.Model.Configuration.HiddenSize)..], TinyModels.Hidden(adapted.Model, text));
    }

    [Theory]
    [MemberData(nameof(WithPrefix))]
    public void A_prefix_of_the_keys_and_values_of_a_text_is_that_text_in_front(string architecture)
    {
        using var adapted = new AdaptedModel("prefix", architecture, OfText("prefix"));
        var text = TinyModels.Tokens(9);
        var expected = TinyModels.Hidden(adapted.Model, [.. Prompt, .. text]);
        adapted.Set.Activate(AdaptedModel.Name);
        Assert.True(AdaptedModel.RelativeError(expected[(Prompt.Length * adapted.Model.Configuration.HiddenSize)..], TinyModels.Hidden(adapted.Model, text)) < 1e-6);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void The_longest_document_is_as_long_as_the_model_reads_behind_what_stands_in_front_of_it(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        adapted.Set.Activate(AdaptedModel.Name);
        var most = TaskContext.MostTokens(adapted.Model, 0);
        Assert.Equal(adapted.Model.Configuration.MaxPositions - adapted.Model.Virtual!.Count, most);
        Assert.Equal(most * adapted.Model.Configuration.HiddenSize, TinyModels.Hidden(adapted.Model, TinyModels.Tokens(most)).Length);
        if (!adapted.Model.Configuration.HasLongestSequence) return;
        Assert.Throws<CoppiceException>(() => TinyModels.Hidden(adapted.Model, TinyModels.Tokens(most + 1)));
        Assert.Throws<CoppiceException>(() => TaskContext.MostTokens(adapted.Model, most + 1));
    }

    [Fact]
    public void Attention_with_a_prefix_is_a_mixture_of_attention_to_the_prefix_and_to_the_text()
    {
        const int Width = 6, Length = 3, Keys = 5;
        using var backend = Backends.Create(1);
        using var tape = new Tape(backend) { Recording = false };
        var (q, k, v) = (Random(1, 1), Random(Length + Keys, 2), Random(Length + Keys, 3));
        var layout = new AttentionLayout(1, tape.Integers([0, 1]), tape.Integers([0]), tape.Integers([Length + Keys]));
        var actual = tape.Attention(Tensor(q), Tensor(k), Tensor(v), layout, new AttentionShape(1, 1, Width, Causal: true)).ToArray();
        var (prefix, prefixSum) = Attended(0, Length);
        var (text, textSum) = Attended(Length, Keys);
        var share = prefixSum / (prefixSum + textSum);
        for (var column = 0; column < Width; column++) Assert.Equal((1 - share) * text[column] + share * prefix[column], actual[column], 1e-6);

        float[] Random(int rows, ulong stream) => [.. Enumerable.Range(0, rows * Width).Select(i => new Philox(8, stream).Normal((ulong)i))];

        Tensor Tensor(float[] values) => tape.Constant(new Shape(values.Length / Width, Width), values);

        (double[] Mean, double Sum) Attended(int first, int count)
        {
            var weights = Enumerable.Range(first, count).Select(row => Math.Exp(Enumerable.Range(0, Width).Sum(i => (double)q[i] * k[row * Width + i]) / Math.Sqrt(Width))).ToArray();
            return ([.. Enumerable.Range(0, Width).Select(i => Enumerable.Range(0, count).Sum(row => weights[row] * v[(first + row) * Width + i]) / weights.Sum())], weights.Sum());
        }
    }

    [Fact]
    public void A_prefix_of_zeros_is_seen_all_the_same()
    {
        using var adapted = new AdaptedModel("prefix", "llama");
        var table = adapted.Adapter.Parameters["prompt_embeddings"].Tensor;
        table.CopyFrom(new float[table.Count]);
        Assert.True(AdaptedModel.RelativeError(adapted.Output(), adapted.AdaptedOutput()) > 1e-2);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Packed_texts_are_as_texts_one_by_one(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        adapted.Train();
        adapted.Set.Activate(AdaptedModel.Name);
        int[][] texts = [TinyModels.Tokens(5), TinyModels.Tokens(9, seed: 3), TinyModels.Tokens(1, seed: 4)];
        float[] separate = [.. texts.SelectMany(text => TinyModels.Hidden(adapted.Model, text))];
        Assert.True(AdaptedModel.RelativeError(separate, TinyModels.Hidden(adapted.Model, texts)) < 1e-6);
    }

    [Theory]
    [MemberData(nameof(Decoders))]
    public void Texts_that_are_continued_in_a_cache_are_as_texts_in_one_pass(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        adapted.Train();
        adapted.Set.Activate(AdaptedModel.Name);
        var (model, hidden) = (adapted.Model, adapted.Model.Configuration.HiddenSize);
        int[][] texts = [TinyModels.Tokens(12), TinyModels.Tokens(10, seed: 3)];
        using var cache = model.CreateCache(slots: 3);
        Assert.Equal(model.Configuration.MaxPositions - 3, cache.Capacity);
        using var tape = new Tape(adapted.Backend) { Recording = false };
        var input = new ModelInput(model);
        var parts = new[] { new List<float>(), new List<float>() };
        // The second begins where the first goes on.
        Pass((0, 0..5));
        Pass((1, 0..4), (0, 5..6));
        Pass((0, 6..12), (1, 4..10));
        for (var text = 0; text < 2; text++) Assert.True(AdaptedModel.RelativeError(TinyModels.Hidden(model, texts[text]), [.. parts[text]]) < 1e-5);
        // A third that begins with the first one's first tokens, as they are in the cache.
        cache.CopyFirst(2, cache, 0, 8);
        parts[0].RemoveRange(8 * hidden, 4 * hidden);
        Continue(0, 2, 8..12);
        Assert.True(AdaptedModel.RelativeError(TinyModels.Hidden(model, texts[0]), [.. parts[0]]) < 1e-5);

        void Pass(params (int Text, Range Tokens)[] runs)
        {
            CacheRun[] cacheRuns = [.. runs.Select(run => new CacheRun(run.Text, texts[run.Text][run.Tokens].Length))];
            input.Set(tape, [.. runs.SelectMany(run => texts[run.Text][run.Tokens])], cache, cacheRuns);
            var rows = model.Hidden(tape, input).ToArray();
            var row = 0;
            foreach (var run in cacheRuns)
            {
                parts[run.Slot % 2].AddRange(rows[(row * hidden)..((row + run.Tokens) * hidden)]);
                cache.Advance(run.Tokens, run.Slot);
                row += run.Tokens;
            }

            tape.Reset();
        }

        void Continue(int text, int slot, Range tokens)
        {
            input.Set(tape, texts[text][tokens], cache, [new CacheRun(slot, texts[text][tokens].Length)]);
            parts[text].AddRange(model.Hidden(tape, input).ToArray());
            tape.Reset();
        }
    }

    [Theory]
    [InlineData("prompt", "llama")]
    [InlineData("prefix", "llama")]
    [InlineData("prompt", "gpt2")]
    public void A_cache_that_forgets_keeps_what_stands_in_front(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        adapted.Train();
        adapted.Set.Activate(AdaptedModel.Name);
        // A cache with room to spare never moves its rows down, a tight one does.
        Assert.Equal(Remembered(capacity: 21), Remembered(capacity: 7));

        float[] Remembered(int capacity)
        {
            using var cache = adapted.Model.CreateForgettingCache(capacity);
            using var tape = new Tape(adapted.Backend) { Recording = false };
            var (input, text) = (new ModelInput(adapted.Model), TinyModels.Tokens(18));
            var all = new List<float>();
            for (var token = 0; token < text.Length; token += 2)
            {
                input.Set(tape, text.AsSpan(token, 2), cache);
                all.AddRange(adapted.Model.Hidden(tape, input).ToArray());
                cache.Advance(2);
                tape.Reset();
                if (cache.Length > 5) cache.Forget(first: 1, count: 2);
            }

            return [.. all];
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("bert")]
    public void What_a_network_computes_of_a_prefix_is_kept_without_the_network(string architecture)
    {
        using var adapted = new AdaptedModel("prefix", architecture, new AdapterSettings { Method = "prefix", Prompt = new() { Tokens = 3, EncoderWidth = 5 } });
        Assert.Equal(adapted.Adapter.Method.CountOf(adapted.Model, adapted.Adapter.Settings, []), adapted.Adapter.Parameters.Count);
        var before = adapted.Adapter.Parameters.Parameters.Select(parameter => parameter.Tensor.ToArray()).ToList();
        adapted.Train();
        Assert.All(before.Zip(adapted.Adapter.Parameters.Parameters), pair => Assert.NotEqual(pair.First, pair.Second.Tensor.ToArray()));
        var contents = AdapterContents.Of(adapted.Adapter);
        Assert.Equal("prompt_embeddings", Assert.Single(contents.Tensors).Name);
        var expected = adapted.AdaptedOutput();
        contents.AddTo(adapted.Set, "kept");
        adapted.Set.Activate("kept");
        Assert.Equal(expected, adapted.Output());
    }

    [Fact]
    public void A_prompt_stands_on_quantised_weights()
    {
        using var adapted = new AdaptedModel("prefix", "llama");
        adapted.Train(20);
        var (expected, contents) = (adapted.AdaptedOutput(), AdapterContents.Of(adapted.Adapter));
        using var quantised = QuantizedModel.Of(adapted.Model, Quantization.Int8);
        using var set = new AdapterSet(quantised);
        contents.AddTo(set, "a");
        set.Activate("a");
        Assert.True(AdaptedModel.RelativeError(expected, AdaptedModel.Output(quantised)) < 0.1);
    }

    [Fact]
    public void The_vocabulary_a_text_and_chance_are_what_a_prompt_begins_as()
    {
        using var model = new AdaptedModel("prompt", "gpt2", OfText("prompt") with { Prompt = new() { Tokens = 5, Initialization = PromptInitialization.Text, InitialTokens = Prompt } });
        var embeddings = model.Model.Embedding.Tensor.ToArray().Chunk(12).ToList();
        Assert.Equal([.. new[] { 7, 3, 21, 7, 3 }.SelectMany(token => embeddings[token])], Table("adapter"));
        model.Set.Add("drawn", new AdapterSettings { Method = "prompt", Prompt = new() { Tokens = 4, Initialization = PromptInitialization.Vocabulary } }, seed: 1);
        Assert.All(Table("drawn").Chunk(12), row => Assert.Contains(embeddings, embedding => embedding.SequenceEqual(row)));
        model.Set.Add("random", new AdapterSettings { Method = "prompt", Prompt = new() { Tokens = 20 } }, seed: 1);
        Assert.InRange(Math.Sqrt(Table("random").Average(value => value * value)), 0.3, 0.5);

        float[] Table(string name) => model.Set[name].Parameters["prompt_embeddings"].Tensor.ToArray();
    }

    [Theory]
    [InlineData("prompt", "gpt2", 24, "positions")]
    [InlineData("prompt", "gpt2", 0, "at least 1")]
    [InlineData("prefix", "qwen3", 3, "norms its keys")]
    [InlineData("prompt", "t5", 3, "two")]
    public void What_can_not_stand_in_front_is_refused(string method, string architecture, int tokens, string named)
    {
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(architecture, backend);
        using var set = new AdapterSet(model);
        var error = Assert.Throws<CoppiceException>(() => set.Add("a", new AdapterSettings { Method = method, Prompt = new() { Tokens = tokens } }, seed: 1));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_mean_nothing_to_a_prompt_and_texts_that_have_no_room_are_refused()
    {
        using var adapted = new AdaptedModel("prompt", "gpt2");
        var settings = adapted.Adapter.Settings;
        Assert.Contains("targets", Refused(settings with { Targets = TargetPattern.Of("c_fc") }).Replace("target modules", "targets", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("p-tuning", Refused(settings with { Prompt = new() { EncoderWidth = 4 } }), StringComparison.Ordinal);
        Assert.Contains("there is none", Refused(settings with { Prompt = new() { Initialization = PromptInitialization.Text } }), StringComparison.Ordinal);
        Assert.Contains("token 50", Refused(settings with { Prompt = new() { Initialization = PromptInitialization.Text, InitialTokens = [1, 50] } }), StringComparison.Ordinal);
        Assert.Equal(24, adapted.Model.MaxTokens);
        adapted.Set.Activate(AdaptedModel.Name);
        Assert.Equal(21, adapted.Model.MaxTokens);
        TinyModels.Hidden(adapted.Model, TinyModels.Tokens(21));
        Assert.Contains("at most 24", Assert.Throws<CoppiceException>(() => TinyModels.Hidden(adapted.Model, TinyModels.Tokens(22))).Message, StringComparison.Ordinal);

        string Refused(AdapterSettings changed) => Assert.Throws<CoppiceException>(() => adapted.Set.Add("b", changed, seed: 1)).Message;
    }

    [Fact]
    public void A_cache_that_was_made_before_the_prompt_is_refused()
    {
        using var adapted = new AdaptedModel("prompt", "llama");
        using var cache = adapted.Model.CreateCache(8);
        using var tape = new Tape(adapted.Backend) { Recording = false };
        adapted.Set.Activate(AdaptedModel.Name);
        Assert.Contains("virtual", Assert.Throws<ArgumentException>(() => new ModelInput(adapted.Model).Set(tape, [1], cache)).Message, StringComparison.Ordinal);
    }

    private static AdapterSettings OfText(string method) => new() { Method = method, Prompt = new() { Tokens = Prompt.Length, Initialization = PromptInitialization.Text, InitialTokens = Prompt } };
}
