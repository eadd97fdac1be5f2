using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Inference.Tests;

public sealed class SpeculationTests : IDisposable
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz .,\n";

    private static readonly Tokenizer Characters = CharacterTrainer.Train([Letters]);

    private readonly Backend _backend = Backends.Create(threads: 2);

    public static TheoryData<string, string> Sources
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var model in new[] { "gpt2", "llama", "mistral", "qwen3" })
            {
                foreach (var source in new[] { "lookup", "recycling", "tree", "draft", "self", "nonsense", "branches" }) data.Add(model, source);
            }

            return data;
        }
    }

    public void Dispose() => _backend.Dispose();

    [Theory]
    [MemberData(nameof(Sources))]
    public void A_text_is_the_one_that_it_would_be_without_proposals(string name, string source)
    {
        // Longer than the context, so that it is forgotten and read again meanwhile.
        using var model = Endless(name, seed: 1, positions: 48);
        using var draft = new DraftModel(Endless(name, source == "self" ? 1UL : 2, positions: 48), Characters);
        using var plain = new TextGenerator(model, Characters);
        var speculation = new Speculation(Source(source, draft));
        using var generator = new TextGenerator(model, Characters, speculation);
        for (var i = 0; i < 40; i++)
        {
            var (prompt, options) = Case(i);
            var expected = plain.Generate(prompt, options);
            var pieces = "";
            var result = generator.Generate(prompt, options, piece => pieces += piece);
            Assert.Equal((expected.Text, expected.FinishReason, expected.PromptTokens), (result.Text, result.FinishReason, result.PromptTokens));
            Assert.Equal(expected.Tokens, result.Tokens);
            Assert.Equal(expected.LogProbabilities.Select(probable => probable.LogProbability), result.LogProbabilities.Select(probable => probable.LogProbability), (a, b) => Math.Abs(a - b) < 1e-4);
            Assert.Equal(result.Text, pieces);
        }

        Assert.True(speculation.Proposed > 0);
        if (source is not ("nonsense" or "branches")) Assert.True(speculation.Accepted > 0);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("mistral")]
    public void More_proposals_than_are_exact_draw_the_same_tokens_too(string name)
    {
        using var model = Endless(name, seed: 3);
        using var plain = new TextGenerator(model, Characters);
        foreach (var source in new IDraftSource[] { new PromptLookup(), new TokenRecycling(), new TokenRecycling(trees: true), new Nonsense(), new Nonsense(branches: true) })
        {
            using var generator = new TextGenerator(model, Characters, new Speculation(source, source.Branches ? Speculation.MostTokens : 16));
            for (var i = 0; i < 40; i++) Assert.Equal(plain.Generate(Case(i).Prompt, Case(i).Options).Tokens, generator.Generate(Case(i).Prompt, Case(i).Options).Tokens);
        }
    }

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void A_pass_of_few_tokens_has_the_bits_of_as_many_passes(string name)
    {
        // Kernels of smaller vectors compute two rows in another way than one.
        foreach (var level in Backends.Supported.Where(level => level is KernelLevel.Avx512))
        {
            using var backend = Backends.Create(threads: 2, level);
            using var model = TinyModels.Create(name, backend, positions: 60);
            using var together = new DecodingContext(model);
            using var single = new DecodingContext(model);
            var tokens = TinyModels.Tokens(60);
            together.Append(tokens.AsSpan(0, 10));
            single.Append(tokens.AsSpan(0, 10));
            for (var (i, count) = (10, 1); i + 3 <= 60; i += count, count = count % 3 + 1)
            {
                var logits = together.Append(tokens.AsSpan(i, count), count).ToArray();
                Assert.Equal(Enumerable.Range(i, count).SelectMany(n => single.Append(tokens.AsSpan(n, 1)).ToArray()), logits);
            }
        }
    }

    [Fact]
    public void What_was_dropped_leaves_no_trace()
    {
        using var model = Endless("llama", seed: 1);
        using var context = new DecodingContext(model);
        using var other = new DecodingContext(model);
        var tokens = TinyModels.Tokens(20, vocabulary: 30);
        context.Append(tokens.AsSpan(0, 15));
        context.Append([1, 2, 3], 3);
        context.Drop(2);
        Assert.Equal(96 - 16, context.Room);
        other.Append(tokens.AsSpan(0, 15));
        other.Append([1]);
        Assert.Equal(other.Append([7]).ToArray(), context.Append([7]).ToArray(), (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Fact]
    public void A_source_that_knows_the_text_saves_two_passes_of_three()
    {
        using var model = Endless("llama", seed: 1);
        using var plain = new TextGenerator(model, Characters);
        var options = new GenerationOptions { MaxTokens = 61, Seed = 4, Temperature = 1 };
        var text = plain.Generate("abc", options).Tokens;
        var speculation = new Speculation(new Prophet(text));
        using var generator = new TextGenerator(model, Characters, speculation);
        Assert.Equal(text, generator.Generate("abc", options).Tokens);
        // One token after the prompt's pass, then three a pass.
        Assert.Equal(20, speculation.Passes);
        Assert.Equal((40L, 40L), (speculation.Proposed, speculation.Accepted));

        // Twice as many each time: 2, 4, 8, 16, and never more than the text has room for.
        var more = new Speculation(new Prophet(text), Speculation.MostTokens);
        using var faster = new TextGenerator(model, Characters, more);
        Assert.Equal(text, faster.Generate("abc", options).Tokens);
        Assert.Equal(5, more.Passes);
    }

    [Fact]
    public void Proposals_that_never_come_true_become_rare()
    {
        using var model = Endless("llama", seed: 1, positions: 1000);
        using var plain = new TextGenerator(model, Characters);
        var options = new GenerationOptions { MaxTokens = 500, Temperature = 0 };
        var wrong = plain.Generate("abc", options).Tokens.Select(token => (token + 1) % Letters.Length).ToList();
        var speculation = new Speculation(new Prophet(wrong));
        using var generator = new TextGenerator(model, Characters, speculation);
        generator.Generate("abc", options);
        Assert.Equal(0, speculation.Accepted);
        Assert.InRange(speculation.Proposed, 2, 2 * 25);
    }

    [Fact]
    public void A_text_that_ends_in_the_middle_of_a_pass_ends_there()
    {
        var tokenizer = CharacterTrainer.Train(["abc"], ["<|endoftext|>"]);
        using var model = TinyModels.Create("gpt2", _backend, vocabulary: 6);
        using var plain = new TextGenerator(model, tokenizer);
        using var generator = new TextGenerator(model, tokenizer, new Speculation(new PromptLookup(), 8));
        for (var seed = 0UL; seed < 40; seed++)
        {
            var options = new GenerationOptions { Temperature = 2, TopP = 1, Seed = seed, MaxTokens = 200, StopStrings = seed % 2 == 0 ? ["abca"] : [] };
            var (expected, result) = (plain.Generate("ababab", options), generator.Generate("ababab", options));
            Assert.Equal((expected.Text, expected.FinishReason), (result.Text, result.FinishReason));
            Assert.Equal(expected.Tokens, result.Tokens);
        }
    }

    [Fact]
    public void Prompt_lookup_goes_on_as_the_latest_place_that_agrees()
    {
        var lookup = new PromptLookup();
        lookup.Begin([1, 2, 3, 9, 8, 2, 3, 7, 1, 2], new GenerationOptions());
        Assert.Equal([3, 9], Propose(lookup, 2));
        lookup.Accept(3);
        // Three tokens agree with the first place, though two agree with a later one.
        Assert.Equal([9, 8, 2], Propose(lookup, 3));
        lookup.Accept(5);
        Assert.Empty(Propose(lookup, 3));
        lookup.Accept(2);
        lookup.Accept(3);
        Assert.Equal([5, 2, 3, 5, 2], Propose(lookup, 5));
        lookup.Begin([4], new GenerationOptions());
        Assert.Empty(Propose(lookup, 3));
    }

    [Fact]
    public void Token_recycling_remembers_what_was_most_probable_even_from_text_to_text()
    {
        var recycling = new TokenRecycling();
        recycling.Begin([0], new GenerationOptions());
        Assert.Empty(Propose(recycling, 3));
        recycling.Observe(0, [0, 5, 1, 2]);
        recycling.Observe(1, [0, 1, 2, 9]);
        Assert.Equal([1, 3], Propose(recycling, 3));
        recycling.Observe(0, [7, 5, 1, 2]);
        recycling.Begin([1, 2, 0], new GenerationOptions());
        Assert.Equal([0, 0, 0], Propose(recycling, 3));
        recycling.Accept(1);
        Assert.Equal([3], Propose(recycling, 3));
    }

    [Fact]
    public void A_tree_of_recycled_tokens_has_the_likeliest_ones_of_its_size()
    {
        var recycling = new TokenRecycling(trees: true);
        recycling.Begin([0], new GenerationOptions());
        var (draft, parents) = (new int[6], new int[6]);
        Assert.Equal(0, recycling.Propose(draft, parents));
        recycling.Observe(0, [0, 5, 1, 2, 4, 3, 0.5f, -1, -2, -3]);
        recycling.Observe(1, [0, 1, 2, 9, 3, 4, 5, 6, 7, 8]);
        recycling.Observe(4, [9, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
        // After 0 come 1, 4, 5, 3; after 1 come 3, 9; after 4 comes 0. Nothing is known of what follows 3.
        Assert.Equal(6, recycling.Propose(draft, parents));
        Assert.Equal([(1, -1), (3, 0), (4, -1), (5, -1), (9, 0), (0, 2)], draft.Zip(parents));
        // The beginning of a tree is the tree of a smaller size.
        var (fewer, above) = (new int[3], new int[3]);
        Assert.Equal(3, recycling.Propose(fewer, above));
        Assert.Equal(draft[..3].Zip(parents), fewer.Zip(above));
        recycling.Accept(2);
        Assert.Equal(0, recycling.Propose(draft, parents));
    }

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void The_tokens_of_a_tree_see_their_own_way_alone(string name)
    {
        // Shapes for both ways to compute: few rows and many; siblings, a chain, and branches as they come.
        int[][] shapes =
        [
            [-1, 0, 0], [-1, 0, 1], [-1, 0, 0, 1], [-1, 0, 1, 2, 3, 1, 5, 0, 7, 8],
            [-1, .. Enumerable.Range(1, 40).Select(i => new Philox(5, 5).Integer((ulong)i, i))], [-1, .. Enumerable.Range(1, 63).Select(i => (i - 1) / 2)],
        ];
        foreach (var level in Backends.Supported)
        {
            using var backend = Backends.Create(threads: 2, level);
            using var model = TinyModels.Create(name, backend, positions: 110);
            foreach (var parents in shapes)
            {
                using var context = new DecodingContext(model);
                var text = TinyModels.Tokens(21);
                var tree = TinyModels.Tokens(parents.Length, seed: 3);
                context.Append(text);
                var logits = context.Append(tree, parents).ToArray();
                for (var row = 0; row < tree.Length; row += 1 + row / 8)
                {
                    int[] path = [.. text, .. Way(parents, row).Select(place => tree[place])];
                    Assert.Equal(TinyModels.Logits(model, path)[^50..], logits[(50 * row)..(50 * row + 50)], (a, b) => Math.Abs(a - b) < 1e-4);
                }

                // What is kept of it is as if it had been read alone.
                var kept = Way(parents, tree.Length - 1);
                context.Keep(kept, tree.Length);
                Assert.Equal(110 - 21 - kept.Length, context.Room);
                int[] whole = [.. text, .. kept.Select(place => tree[place]), 7];
                Assert.Equal(TinyModels.Logits(model, whole)[^50..], context.Append([7]).ToArray(), (a, b) => Math.Abs(a - b) < 1e-4);
            }
        }
    }

    [Fact]
    public void A_tree_of_few_tokens_has_the_bits_of_its_ways_one_token_at_a_time()
    {
        foreach (var level in Backends.Supported.Where(level => level is KernelLevel.Avx512))
        {
            using var backend = Backends.Create(threads: 2, level);
            using var model = TinyModels.Create("llama", backend, positions: 60);
            foreach (var parents in new int[][] { [-1, 0, 0], [-1, 0, 1] })
            {
                using var together = new DecodingContext(model);
                using var single = new DecodingContext(model);
                var tree = TinyModels.Tokens(parents.Length, seed: 3);
                together.Append(TinyModels.Tokens(37));
                single.Append(TinyModels.Tokens(37));
                var logits = together.Append(tree, parents).ToArray();
                for (var row = 0; row < tree.Length; row++)
                {
                    var way = Way(parents, row);
                    float[] last = [];
                    foreach (var place in way) last = single.Append([tree[place]]).ToArray();
                    Assert.Equal(last, logits[(50 * row)..(50 * row + 50)]);
                    single.Drop(way.Length);
                }
            }
        }
    }

    [Fact]
    public void What_can_not_draft_is_refused()
    {
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => new Speculation(new PromptLookup(), 0)).ExitCode);
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => new Speculation(new PromptLookup(), Speculation.MostTokens + 1)).ExitCode);
        using var folder = new TemporaryFolder();
        using (var model = Endless("llama", seed: 2)) ModelDirectory.Save(folder.At("draft"), model);
        Characters.Save(folder.At("draft"));
        using (var draft = DraftModel.Load(folder.At("draft"), Characters, _backend)) Assert.NotNull(draft);
        var error = Assert.Throws<CoppiceException>(() => DraftModel.Load(folder.At("draft"), CharacterTrainer.Train(["abc"]), _backend));
        Assert.Equal((ExitCode.Usage, true), (error.ExitCode, error.Message.Contains("tokenizer", StringComparison.Ordinal)));
    }

    [SharedDataFact("models/stories260k")]
    public void A_real_model_tells_the_same_stories_faster()
    {
        using var model = ModelDirectory.Load(SharedData.At("models/stories260k"), _backend);
        var tokenizer = Tokenizer.Load(SharedData.At("models/stories260k"));
        using var plain = new TextGenerator(model, tokenizer);
        foreach (var source in new IDraftSource[] { new PromptLookup(), new TokenRecycling(), new TokenRecycling(trees: true) })
        {
            var speculation = new Speculation(source, source.Branches ? 8 : Speculation.ExactTokens);
            using var generator = new TextGenerator(model, tokenizer, speculation);
            var tokens = 0;
            foreach (var prompt in new[] { "", "Once upon a time", "Lily and Tom", "The dog said: run, run, run, run", "One day" })
            {
                foreach (var temperature in new[] { 0, 0.5, 1.0 })
                {
                    var options = new GenerationOptions { MaxTokens = 150, Temperature = temperature, Seed = 7 };
                    var expected = plain.Generate(prompt, options);
                    Assert.Equal(expected.Tokens, generator.Generate(prompt, options).Tokens);
                    tokens += expected.Tokens.Count;
                }
            }

            Assert.True(speculation.Passes < 0.95 * tokens, $"{source}: {speculation.Passes} passes for {tokens} tokens");
        }
    }

    /// <summary>Prompts that repeat themselves and others; greedy and not, with penalties, stop strings and probabilities.</summary>
    private static (string Prompt, GenerationOptions Options) Case(int i)
    {
        var random = new Philox((ulong)i, 5);
        var prompt = new string([.. Enumerable.Range(0, 1 + i % 17).Select(n => Letters[random.Integer((ulong)n, i % 3 == 0 ? 4 : Letters.Length)])]);
        var options = new GenerationOptions
        {
            MaxTokens = 1 + i * 7 % 90, Temperature = i % 4 == 0 ? 0 : 0.3 * (i % 4), Seed = (ulong)i, TopK = i % 5 == 0 ? 5 : 0, LogProbabilities = i % 7 == 0 ? 1 : null,
            RepetitionPenalty = i % 9 == 1 ? 1.2 : 1, FrequencyPenalty = i % 9 == 2 ? 0.5 : 0, StopStrings = i % 6 == 0 ? ["ab", "e."] : [],
        };
        return (prompt, options);
    }

    /// <summary>The places on the way from a tree's first token to one of it.</summary>
    private static int[] Way(int[] parents, int row) => row < 0 ? [] : [.. Way(parents, parents[row]), row];

    private static IDraftSource Source(string name, DraftModel draft) => name switch
    {
        "lookup" => new PromptLookup(),
        "recycling" => new TokenRecycling(),
        "tree" => new TokenRecycling(trees: true),
        "nonsense" => new Nonsense(),
        "branches" => new Nonsense(branches: true),
        _ => draft,
    };

    private static int[] Propose(IDraftSource source, int most)
    {
        var draft = new int[most];
        return draft[..source.Propose(draft)];
    }

    /// <summary>A model whose configuration names no token that ends a text.</summary>
    private LanguageModel Endless(string name, ulong seed, int positions = 96) =>
        TinyModels.Create(TinyModels.Configuration(name, positions: positions) with { EndOfText = null }, _backend, seed: seed);

    private sealed class Nonsense(bool branches = false) : IDraftSource
    {
        private readonly Philox _random = new(3, 3);
        private ulong _number;

        public bool Branches => branches;

        public void Begin(ReadOnlySpan<int> prompt, GenerationOptions options)
        {
        }

        public void Accept(int token)
        {
        }

        public int Propose(Span<int> draft)
        {
            var count = _random.Integer(_number++, draft.Length + 1);
            foreach (ref var token in draft[..count]) token = _random.Integer(_number++, Letters.Length);
            return count;
        }

        public int Propose(Span<int> draft, Span<int> parents)
        {
            var count = Propose(draft);
            for (var i = 0; i < count; i++)
            {
                parents[i] = _random.Integer(_number++, i + 1) - 1;
                // Those that follow the same one are different.
                for (var j = 0; j < i; j++)
                {
                    if ((parents[j], draft[j]) == (parents[i], draft[i])) return i;
                }
            }

            return count;
        }
    }

    private sealed class Prophet(IReadOnlyList<int> text) : IDraftSource
    {
        private int _position;

        public void Begin(ReadOnlySpan<int> prompt, GenerationOptions options) => _position = 0;

        public void Accept(int token) => _position++;

        public int Propose(Span<int> draft)
        {
            for (var i = 0; i < draft.Length; i++) draft[i] = text[_position + i];
            return draft.Length;
        }
    }
}
