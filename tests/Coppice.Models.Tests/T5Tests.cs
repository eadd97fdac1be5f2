using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Models.Tests;

public sealed class T5Tests : IDisposable
{
    private const int Hidden = 12;

    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    // Numbers of the published definition, for 32 buckets up to 128: read off its formula.
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(-1, 1, 1)]
    [InlineData(-7, 7, 7)]
    [InlineData(-8, 8, 8)]
    [InlineData(-11, 8, 11)]
    [InlineData(-12, 9, 12)]
    [InlineData(-15, 9, 15)]
    [InlineData(-16, 10, 16)]
    [InlineData(-22, 10, 18)]
    [InlineData(-23, 11, 18)]
    [InlineData(-31, 11, 21)]
    [InlineData(-32, 12, 21)]
    [InlineData(-63, 13, 26)]
    [InlineData(-64, 14, 26)]
    [InlineData(-90, 14, 29)]
    [InlineData(-91, 15, 29)]
    [InlineData(-127, 15, 31)]
    [InlineData(-128, 15, 31)]
    [InlineData(-5000, 15, 31)]
    [InlineData(1, 17, 0)]
    [InlineData(8, 24, 0)]
    [InlineData(64, 30, 0)]
    [InlineData(5000, 31, 0)]
    public void Distances_are_in_the_buckets_of_the_definition(int distance, int bothWays, int backwards)
    {
        Assert.Equal(bothWays, RelativePositions.Bucket(distance, bothWays: true, buckets: 32, maxDistance: 128));
        Assert.Equal(backwards, RelativePositions.Bucket(distance, bothWays: false, buckets: 32, maxDistance: 128));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Buckets_never_fall_with_the_distance_and_end_with_the_last(bool bothWays)
    {
        foreach (var (buckets, maxDistance) in new[] { (4, 3), (8, 11), (32, 128), (32, 20), (64, 1000) })
        {
            var table = RelativePositions.Table(bothWays, buckets, maxDistance);
            Assert.Equal(2 * maxDistance + 1, table.Length);
            var back = Enumerable.Range(0, maxDistance + 1).Select(d => table[maxDistance - d]).ToList();
            Assert.Equal(back.Order(), back);
            Assert.Equal((0, bothWays ? buckets / 2 - 1 : buckets - 1), (back[0], back[^1]));
            var forth = Enumerable.Range(1, maxDistance).Select(d => table[maxDistance + d]).ToList();
            if (bothWays) Assert.Equal(back.Skip(1).Select(bucket => bucket + buckets / 2), forth);
            else Assert.All(forth, bucket => Assert.Equal(0, bucket));
        }
    }

    [Theory]
    [MemberData(nameof(TinyModels.EncoderDecoders), MemberType = typeof(TinyModels))]
    public void The_encoder_sees_all_of_its_text_and_the_decoder_what_it_wrote_and_all_that_was_read(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        int[][] sources = [TinyModels.Tokens(7, seed: 1), TinyModels.Tokens(15, seed: 2)], targets = [TinyModels.Tokens(6, seed: 3), TinyModels.Tokens(9, seed: 4)];
        var before = HiddenOf(model, sources, targets);
        // Rows: 0 to 6 and 7 to 21 are read, 22 to 27 and 28 to 36 are written.
        sources[1][3] ^= 1;
        Assert.Equal([.. Enumerable.Range(7, 15), .. Enumerable.Range(28, 9)], Changed(before, HiddenOf(model, sources, targets)));
        sources[1][3] ^= 1;
        targets[0][2] ^= 1;
        Assert.Equal(Enumerable.Range(24, 4), Changed(before, HiddenOf(model, sources, targets)));
    }

    [Theory]
    [MemberData(nameof(TinyModels.EncoderDecoders), MemberType = typeof(TinyModels))]
    public void Pairs_side_by_side_are_as_each_alone_and_reading_alone_is_the_same_reading(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        int[][] sources = [TinyModels.Tokens(3, seed: 1), TinyModels.Tokens(40, seed: 2), TinyModels.Tokens(1, seed: 3)];
        int[][] targets = [TinyModels.Tokens(30, seed: 4), TinyModels.Tokens(1, seed: 5), TinyModels.Tokens(5, seed: 6)];
        var together = HiddenOf(model, sources, targets);
        var alone = Enumerable.Range(0, 3).Select(i => HiddenOf(model, [sources[i]], [targets[i]])).ToList();
        var read = alone.SelectMany((hidden, i) => hidden.Take(sources[i].Length * Hidden));
        float[] both = [.. read, .. alone.SelectMany((hidden, i) => hidden.Skip(sources[i].Length * Hidden))];
        Assert.Equal(both, together, (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(together[..(44 * Hidden)], TinyModels.Hidden(model, sources));
    }

    [Theory]
    [MemberData(nameof(TinyModels.EncoderDecoders), MemberType = typeof(TinyModels))]
    public void What_is_written_token_by_token_is_what_is_written_at_once(string name)
    {
        using var model = (T5Model)TinyModels.Create(name, _backend);
        int[] source = TinyModels.Tokens(17, seed: 1), target = TinyModels.Tokens(20, seed: 2);
        var whole = HiddenOf(model, [source], [target])[(17 * Hidden)..];
        using var tape = new Tape(_backend) { Recording = false };
        var input = TinyModels.Pack(model, tape, source);
        using var read = model.ReadSource(tape, input);
        using var written = model.NewCache(32);
        var parts = new List<float>();
        // The first five in one pass.
        foreach (var part in target.Chunk(5).Take(1).Concat(target.Skip(5).Chunk(1)))
        {
            tape.Reset();
            input.Set(tape, part, written);
            parts.AddRange(model.Continue(tape, input, read).ToArray());
            written.Advance(part.Length);
        }

        Assert.Equal(whole, parts, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Theory]
    [InlineData("t5", 0f)]
    [InlineData("t5-gated-untied", 0.3f)]
    public void Recomputing_activations_changes_no_bit_of_the_gradients(string name, float dropout)
    {
        using var model = TinyModels.Create(TinyModels.Configuration(name) with { Dropout = dropout }, _backend, trainable: true);
        var (loss, gradients) = Gradients(model, recomputing: false);
        var (recomputedLoss, recomputed) = Gradients(model, recomputing: true);
        Assert.Equal(loss, recomputedLoss);
        Assert.Equal(gradients, recomputed);
        Assert.All(model.Parameters.Parameters, parameter => Assert.Contains(parameter.Tensor.GradientToArray(), value => value != 0));
    }

    [Fact]
    public void Copies_of_the_embeddings_and_the_unused_bias_of_old_files_are_passed_over()
    {
        using var model = TinyModels.Create("t5", _backend);
        ModelDirectory.Save(_folder.Root, model);
        var tensors = model.Parameters.Parameters.Select(Write).ToList();
        foreach (var copy in new[] { "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight" })
            tensors.Add(TensorToWrite.Floats(copy, [50, Hidden], (start, destination) => model.Embedding.Tensor.CopyTo(start, destination)));
        tensors.Add(TensorToWrite.Floats("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight", [8, 3], (_, destination) => destination.Clear()));
        SafetensorsDirectory.Write(_folder.Root, tensors);
        using var loaded = ModelDirectory.Load(_folder.Root, _backend);
        Assert.Equal(TinyModels.Hidden(model, TinyModels.Tokens(9)), TinyModels.Hidden(loaded, TinyModels.Tokens(9)));

        static TensorToWrite Write(Parameter parameter) => TensorToWrite.Floats(
            parameter.Name, [.. Enumerable.Range(0, parameter.Shape.Rank).Select(i => (long)parameter.Shape[i])], (start, destination) => parameter.Tensor.CopyTo(start, destination));
    }

    [Fact]
    public void A_text_may_be_longer_than_those_it_was_made_for_and_what_continues_texts_refuses_it()
    {
        using var model = TinyModels.Create("t5", _backend);
        Assert.Equal(100 * Hidden, TinyModels.Hidden(model, TinyModels.Tokens(100)).Length);
        var error = Assert.Throws<CoppiceException>(() => model.CreateCache());
        Assert.Contains("a t5 model reads a text whole and writes another one for it: it can't continue a text", error.Message, StringComparison.Ordinal);
        using var decoder = TinyModels.Create("llama", _backend);
        using var tape = new Tape(_backend) { Recording = false };
        Assert.Throws<ArgumentException>(() => new ModelInput(decoder).SetPairs(tape, [1, 2], [0, 0], [0, 1, 2], 1, training: false));
        Assert.Throws<ArgumentException>(() => new ModelInput(model).SetPairs(tape, [1, 2], [0, 0], [0, 1, 2], 2, training: false));
    }

    [Theory]
    [InlineData("t5-relu-tied")]
    [InlineData("t5-gated-untied")]
    public void Logits_loss_and_gradients_are_those_computed_elsewhere_in_double_precision(string reference)
    {
        var directory = Path.Combine(AppContext.BaseDirectory, "References", reference);
        using var model = ModelDirectory.Load(directory, _backend, trainable: true);
        using var expected = SafetensorsFile.Open(Path.Combine(directory, "io.safetensors"));
        var (sources, targets, labels) = (Rows(expected, "input_ids"), Rows(expected, "decoder_input_ids"), Rows(expected, "labels"));
        using var tape = new Tape(_backend);
        var hidden = model.Hidden(tape, Pairs(model, tape, sources, targets, training: false));
        var (read, written) = (sources.Sum(row => row.Length), targets.Sum(row => row.Length));
        hidden = tape.SliceRows(hidden, read, written);
        Assert.Equal(expected.ReadFloats("logits"), model.Logits(tape, hidden).ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        var loss = Loss(model, tape, hidden, [.. labels.SelectMany(row => row)]);
        Assert.Equal(expected.ReadFloats("loss")[0], loss.Item, 1e-6);
        tape.Backward(loss);
        var norm = Math.Sqrt(model.Parameters.Parameters.Sum(parameter => expected.ReadFloats("grad." + parameter.Name).Sum(g => (double)g * g)));
        foreach (var parameter in model.Parameters.Parameters)
        {
            var (gradient, own) = (expected.ReadFloats("grad." + parameter.Name), parameter.Tensor.GradientToArray());
            var error = Math.Sqrt(own.Zip(gradient, (a, b) => Math.Pow((double)a - b, 2)).Sum());
            Assert.True(error < 2e-6 * norm + 2e-5 * Math.Sqrt(gradient.Sum(g => (double)g * g)), $"{parameter.Name}: {error} of all gradients' {norm}");
        }
    }

    private static int[][] Rows(SafetensorsFile file, string name)
    {
        var columns = (int)file.Find(name).Shape[1];
        return [.. file.ReadIntegers(name).Select(value => (int)value).Chunk(columns)];
    }

    private static float[] HiddenOf(LanguageModel model, int[][] sources, int[][] targets)
    {
        using var tape = new Tape(model.Backend) { Recording = false };
        return model.Hidden(tape, Pairs(model, tape, sources, targets, training: false)).ToArray();
    }

    private static ModelInput Pairs(LanguageModel model, Tape tape, int[][] sources, int[][] targets, bool training)
    {
        int[][] documents = [.. sources, .. targets];
        var cumulative = new List<int> { 0 };
        foreach (var document in documents) cumulative.Add(cumulative[^1] + document.Length);
        var input = new ModelInput(model);
        input.SetPairs(
            tape, [.. documents.SelectMany(document => document)], [.. documents.SelectMany(document => Enumerable.Range(0, document.Length))], [.. cumulative], sources.Length, training);
        return input;
    }

    private static Tensor Loss(LanguageModel model, Tape tape, Tensor hidden, int[] labels)
    {
        var weights = tape.Constant(new Shape(labels.Length), Enumerable.Repeat(1f, labels.Length).ToArray());
        return model.CrossEntropy(tape, hidden, tape.Integers(labels), weights, new CrossEntropyOptions(1f / labels.Length));
    }

    private static (float Loss, List<float> Gradients) Gradients(LanguageModel model, bool recomputing)
    {
        using var tape = new Tape(model.Backend) { Recomputing = recomputing };
        tape.SeedRandom(1, 1);
        model.Parameters.Gradients!.Clear();
        int[][] sources = [TinyModels.Tokens(13, seed: 1), TinyModels.Tokens(6, seed: 2)], targets = [TinyModels.Tokens(4, seed: 3), TinyModels.Tokens(8, seed: 4)];
        var hidden = model.Hidden(tape, Pairs(model, tape, sources, targets, training: true));
        var loss = Loss(model, tape, tape.SliceRows(hidden, 19, 12), TinyModels.Tokens(12, seed: 5));
        tape.Backward(loss);
        return (loss.Item, [.. model.Parameters.Parameters.SelectMany(parameter => parameter.Tensor.GradientToArray())]);
    }

    private static IEnumerable<int> Changed(float[] before, float[] after) =>
        Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]).Select(i => i / Hidden).Distinct();
}
