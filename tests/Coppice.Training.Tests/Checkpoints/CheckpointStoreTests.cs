using Coppice.Foundation;
using Coppice.Testing;
using Coppice.Training.Checkpoints;

namespace Coppice.Training.Tests.Checkpoints;

public sealed class CheckpointStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _warnings = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_without_checkpoints_has_no_latest_and_no_best()
    {
        Assert.Null(Store().LoadLatest());
        Assert.Null(Store().Best());
    }

    [Fact]
    public void The_newest_checkpoint_is_loaded_with_the_files_that_were_written()
    {
        Save(Store(), 30, 60, 90);
        var latest = Store().LoadLatest()!;
        Assert.Equal(90, latest.Step);
        Assert.Equal(_folder.At("checkpoints/step-00000090"), latest.Directory);
        Assert.Equal("weights of 90", File.ReadAllText(Path.Combine(latest.Directory, "model.bin")));
        Assert.Equal("state of 90", File.ReadAllText(Path.Combine(latest.Directory, "training", "state.bin")));
        Assert.Empty(_warnings);
    }

    [Fact]
    public void The_same_files_give_the_same_manifest()
    {
        Save(Store(), 1);
        var first = File.ReadAllText(_folder.At("checkpoints/step-00000001/manifest.json"));
        Save(Store(), 1);
        Assert.Equal(first, File.ReadAllText(_folder.At("checkpoints/step-00000001/manifest.json")));
        Assert.Contains(Checksum.Of("weights of 1"), first, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_cut_at_any_byte_makes_the_checkpoint_refused_by_name_and_the_one_before_it_used()
    {
        Save(Store(), 30, 60);
        foreach (var name in new[] { "model.bin", "training/state.bin", "manifest.json" })
        {
            var path = _folder.At("checkpoints/step-00000060/" + name);
            var whole = File.ReadAllBytes(path);

            // The manifest's last byte is the end of the line, which no one misses.
            for (var length = 0; length < whole.Length - (name == "manifest.json" ? 1 : 0); length++)
            {
                File.WriteAllBytes(path, whole[..length]);
                RefusedFor("step-00000060", name);
            }

            File.WriteAllBytes(path, whole);
        }

        Assert.Equal(60, Store().LoadLatest()!.Step);
    }

    [Fact]
    public void A_changed_byte_and_a_missing_file_are_found()
    {
        Save(Store(), 30, 60);
        var path = _folder.At("checkpoints/step-00000060/model.bin");
        var bytes = File.ReadAllBytes(path);
        bytes[5] ^= 1;
        File.WriteAllBytes(path, bytes);
        RefusedFor("step-00000060", "model.bin has another checksum");
        File.Delete(path);
        RefusedFor("step-00000060", "model.bin is missing");
    }

    [Fact]
    public void A_checkpoint_without_a_manifest_is_refused()
    {
        Save(Store(), 30, 60);
        File.Delete(_folder.At("checkpoints/step-00000060/manifest.json"));
        RefusedFor("step-00000060", "never finished");
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"step":60,"validation_loss":null,"files":null}""")]
    [InlineData("""{"step":60,"validation_loss":null,"files":[null]}""")]
    [InlineData("""{"step":60,"validation_loss":null,"files":[{"name":null,"length":1,"sha256":""}]}""")]
    [InlineData("""{"step":60,"validation_loss":null,"files":[{"name":"../step-00000030/model.bin","length":13,"sha256":""}]}""")]
    [InlineData("""{"step":60,"validation_loss":null,"files":[{"name":"a\u0000b","length":13,"sha256":""}]}""")]
    [InlineData("""{"step":61,"validation_loss":null,"files":[]}""")]
    public void A_manifest_that_says_something_else_is_refused(string manifest)
    {
        Save(Store(), 30, 60);
        File.WriteAllText(_folder.At("checkpoints/step-00000060/manifest.json"), manifest);
        RefusedFor("step-00000060", "");
    }

    [Fact]
    public void Each_torn_checkpoint_on_the_way_back_is_named()
    {
        Save(Store(keep: 5), 30, 60, 90);
        File.Delete(_folder.At("checkpoints/step-00000090/manifest.json"));
        File.WriteAllText(_folder.At("checkpoints/step-00000060/model.bin"), "x");
        Assert.Equal(30, Store().LoadLatest()!.Step);
        Assert.Equal(2, _warnings.Count);
        Assert.Contains("step-00000090", _warnings[0], StringComparison.Ordinal);
        Assert.Contains("step-00000060", _warnings[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Where_all_are_torn_the_error_says_what_to_do()
    {
        Save(Store(), 30, 60);
        File.Delete(_folder.At("checkpoints/step-00000030/model.bin"));
        File.Delete(_folder.At("checkpoints/step-00000060/model.bin"));
        var error = Assert.Throws<CoppiceException>(() => Store().LoadLatest());
        Assert.Contains("all 2 checkpoints are damaged", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Directories_and_files_that_are_no_checkpoints_are_left_alone()
    {
        foreach (var name in new[] { "step-", "step-abc", "step-7", "step--0000001", "step-00000099x", "other" }) Directory.CreateDirectory(_folder.At("checkpoints/" + name));
        _folder.Write("checkpoints/step-00000098", "a file");
        Save(Store(keep: 1), 30, 60);
        Assert.Equal(60, Store().LoadLatest()!.Step);
        Assert.Equal(7, Directory.GetDirectories(_folder.At("checkpoints")).Length);
        Assert.True(File.Exists(_folder.At("checkpoints/step-00000098")));
        Assert.Empty(_warnings);
    }

    [Fact]
    public void What_a_killed_process_left_unfinished_is_never_loaded_and_can_be_removed()
    {
        Save(Store(), 30);
        _folder.Write("checkpoints/step-00000060.writing/model.bin", "half");
        Assert.Equal(30, Store().LoadLatest()!.Step);
        Store().RemoveUnfinished();
        Assert.Equal(30, Store().LoadLatest()!.Step);
        Assert.False(Directory.Exists(_folder.At("checkpoints/step-00000060.writing")));
    }

    [Fact]
    public void A_writer_that_fails_leaves_the_older_checkpoints_and_nothing_else()
    {
        var store = Store(keep: 1);
        Save(store, 30);
        Assert.Throws<InvalidOperationException>(() => store.Save(60, directory =>
        {
            File.WriteAllText(Path.Combine(directory, "model.bin"), "half");
            throw new InvalidOperationException("killed");
        }));
        Assert.Throws<CoppiceException>(() => store.Save(60, _ => throw new IOException("disk full")));
        Assert.Equal(["step-00000030"], Names());
        Assert.Equal(30, store.LoadLatest()!.Step);
    }

    [Fact]
    public void The_newest_ones_and_the_best_one_stay()
    {
        var store = Store(keep: 2);
        double[] losses = [3.0, 1.5, 2.0, double.NaN, 1.9, 1.7];
        for (var i = 0; i < losses.Length; i++) SaveOne(store, i + 1, losses[i]);
        Assert.Equal(["step-00000002", "step-00000005", "step-00000006"], Names());
        Assert.Equal(2, store.Best()!.Step);
        Assert.Equal(1.5, store.Best()!.ValidationLoss);
        SaveOne(store, 7, 1.4);
        Assert.Equal(["step-00000006", "step-00000007"], Names());
        SaveOne(store, 8, null);
        SaveOne(store, 9, null);
        SaveOne(store, 10, null);
        Assert.Equal(["step-00000007", "step-00000009", "step-00000010"], Names());
    }

    [Fact]
    public void Torn_checkpoints_do_not_push_good_ones_out()
    {
        var store = Store(keep: 2);
        Save(store, 30, 60);
        File.Delete(_folder.At("checkpoints/step-00000060/manifest.json"));
        Save(store, 45);
        Assert.Equal(["step-00000030", "step-00000045"], Names());
    }

    [Fact]
    public void A_step_that_is_reached_again_replaces_what_was_refused()
    {
        Save(Store(), 30, 60);
        File.WriteAllText(_folder.At("checkpoints/step-00000060/model.bin"), "torn");
        Save(Store(), 60);
        Assert.Equal(60, Store().LoadLatest()!.Step);
        Assert.Empty(_warnings);
    }

    private CheckpointStore Store(int keep = 2) => new(_folder.Root, keep, _warnings.Add);

    private static void Save(CheckpointStore store, params int[] steps)
    {
        foreach (var step in steps) SaveOne(store, step, null);
    }

    private static void SaveOne(CheckpointStore store, int step, double? loss) => store.Save(
        step,
        directory =>
        {
            File.WriteAllText(Path.Combine(directory, "model.bin"), $"weights of {step}");
            Directory.CreateDirectory(Path.Combine(directory, "training"));
            File.WriteAllText(Path.Combine(directory, "training", "state.bin"), $"state of {step}");
        },
        loss);

    private void RefusedFor(string name, string reason)
    {
        _warnings.Clear();
        Assert.Equal(30, Store().LoadLatest()!.Step);
        var warning = Assert.Single(_warnings);
        Assert.Contains(name + ": refused", warning, StringComparison.Ordinal);
        Assert.Contains(reason, warning, StringComparison.Ordinal);
    }

    private string[] Names() => [.. Directory.GetDirectories(_folder.At("checkpoints")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
}
