using Coppice.Tensors;

namespace Coppice.Models.Tests;

/// <summary>Models small enough for any test, one of each kind. Linked into the tests of the rooms above.</summary>
internal static class TinyModels
{
    /// <summary>The names of decoders that <see cref="Configuration"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["gpt2", "gpt2-no-bias", "gpt2-untied", "llama", "llama-untied", "mistral", "qwen2", "qwen3", "phi3", "gemma", "gpt_neox", "opt"];

    /// <summary>The names of those that a GGUF file can hold.</summary>
    public static IReadOnlyList<string> GgufNames { get; } = [.. Names.Where(name => name != "opt")];

    /// <summary>The names of encoders that it knows.</summary>
    public static IReadOnlyList<string> EncoderNames { get; } = ["bert", "bert-untied", "roberta"];

    /// <summary>The names of encoder-decoders that it knows: T5 of version 1.0 and of version 1.1.</summary>
    public static IReadOnlyList<string> EncoderDecoderNames { get; } = ["t5", "t5-gated-untied"];

    /// <summary>The decoders as the data of a theory.</summary>
    public static TheoryData<string> All => [.. Names];

    /// <summary>Those that a GGUF file can hold as the data of a theory.</summary>
    public static TheoryData<string> Gguf => [.. GgufNames];

    /// <summary>The encoders as the data of a theory.</summary>
    public static TheoryData<string> Encoders => [.. EncoderNames];

    /// <summary>The encoder-decoders as the data of a theory.</summary>
    public static TheoryData<string> EncoderDecoders => [.. EncoderDecoderNames];

    /// <summary>All of them as the data of a theory.</summary>
    public static TheoryData<string> Everything => [.. Names, .. EncoderNames, .. EncoderDecoderNames];

    public static ModelConfiguration Configuration(string name, int vocabulary = 50, int positions = 24) => EncoderDecoderNames.Contains(name)
        ? new T5Configuration
        {
            VocabularySize = vocabulary, HiddenSize = 12, Layers = 2, DecoderLayers = 2, Heads = 3, HeadSize = 5, MaxPositions = positions, IntermediateSize = 20,
            GatedGelu = name != "t5", TieEmbeddings = name == "t5", Buckets = 8, MaxDistance = 11, EndOfText = 1,
        }
        : EncoderNames.Contains(name)
        ? new BertConfiguration
        {
            Family = name.Split('-')[0], VocabularySize = vocabulary, HiddenSize = 12, Layers = 2, Heads = 3, MaxPositions = positions, IntermediateSize = 20,
            TypeVocabularySize = name == "roberta" ? 1 : 2, PadToken = name == "roberta" ? 1 : 0, TieEmbeddings = name != "bert-untied",
            Pooler = name == "bert", NextSentenceHead = name == "bert", BeginOfText = 2, EndOfText = 3,
        }
        : name.StartsWith("gpt2", StringComparison.Ordinal)
        ? new Gpt2Configuration
        {
            VocabularySize = vocabulary, HiddenSize = 12, Layers = 2, Heads = 3, MaxPositions = positions, IntermediateSize = 20,
            Bias = name != "gpt2-no-bias", TieEmbeddings = name != "gpt2-untied", BeginOfText = 0, EndOfText = 0,
        }
        : name == "gpt_neox"
        ? new GptNeoXConfiguration
        {
            VocabularySize = vocabulary, HiddenSize = 12, Layers = 2, Heads = 3, MaxPositions = positions, IntermediateSize = 20,
            RotaryShare = 0.5, TieEmbeddings = false, BeginOfText = 1, EndOfText = 2,
        }
        : name == "opt"
        ? new OptConfiguration
        {
            VocabularySize = vocabulary, HiddenSize = 12, Layers = 2, Heads = 3, MaxPositions = positions, IntermediateSize = 20, BeginOfText = 2, EndOfText = 2,
        }
        : new LlamaConfiguration
        {
            Family = name == "llama-untied" ? "llama" : name, VocabularySize = vocabulary, HiddenSize = 12, Layers = 2, Heads = name == "phi3" ? 2 : 4,
            KeyValueHeads = name is "phi3" or "gemma" ? 1 : 2, HeadSize = 6, RotaryShare = name == "phi3" ? 4.0 / 6 : 1, MaxPositions = positions, IntermediateSize = 20,
            TieEmbeddings = name != "llama-untied", RopeTheta = 1000, BeginOfText = 1, EndOfText = 2,
            SlidingWindow = name == "mistral" ? 5 : 0, QkvBias = name == "qwen2", QueryKeyNorm = name == "qwen3",
        };

    /// <summary>A model whose parameters, biases and norms included, are all random and large enough for logits that differ.</summary>
    public static LanguageModel Create(string name, Backend backend, int vocabulary = 50, int positions = 24, bool trainable = false, ulong seed = 1) =>
        Create(Configuration(name, vocabulary, positions), backend, trainable, seed);

    public static LanguageModel Create(ModelConfiguration configuration, Backend backend, bool trainable = false, ulong seed = 1)
    {
        var model = configuration.Create(backend, trainable);
        var stream = 0UL;
        foreach (var parameter in model.Parameters.Parameters)
        {
            var random = new Philox(seed, stream++);
            var isNorm = parameter.Name.EndsWith("norm.weight", StringComparison.OrdinalIgnoreCase) || parameter.Name.Contains("ln_", StringComparison.Ordinal);
            var mean = isNorm && configuration is not LlamaConfiguration { NormsAboveOne: true } ? 1 : 0;
            var values = Enumerable.Range(0, (int)parameter.Count).Select(i => mean + 0.4f * random.Normal((ulong)i)).ToArray();
            parameter.Tensor.CopyFrom(values);
        }

        return model;
    }

    /// <summary>Random tokens.</summary>
    public static int[] Tokens(int count, int vocabulary = 50, ulong seed = 7)
    {
        var random = new Philox(seed, 0);
        return [.. Enumerable.Range(0, count).Select(i => random.Integer((ulong)i, vocabulary))];
    }

    /// <summary>The hidden states of documents packed side by side.</summary>
    public static float[] Hidden(LanguageModel model, params int[][] documents)
    {
        using var tape = new Tape(model.Backend) { Recording = false };
        return model.Hidden(tape, Pack(model, tape, documents)).ToArray();
    }

    /// <summary>The logits after each token of one document.</summary>
    public static float[] Logits(LanguageModel model, int[] document)
    {
        using var tape = new Tape(model.Backend) { Recording = false };
        return model.Logits(tape, model.Hidden(tape, Pack(model, tape, document))).ToArray();
    }

    public static ModelInput Pack(LanguageModel model, Tape tape, params int[][] documents)
    {
        var cumulative = new List<int> { 0 };
        foreach (var document in documents) cumulative.Add(cumulative[^1] + document.Length);
        var input = new ModelInput(model);
        input.Set(tape, [.. documents.SelectMany(d => d)], [.. documents.SelectMany(d => Enumerable.Range(0, d.Length))], [.. cumulative], training: false);
        return input;
    }
}
