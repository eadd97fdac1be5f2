using System.Text;
using Coppice.Foundation;
using Coppice.Models.Hub;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Models.Tests.Hub;

public sealed class HubDownloadTests : IDisposable
{
    private const string Weights = "model.safetensors";

    private static readonly HubName Name = HubName.Parse("hf:" + FakeHub.Repository);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeHub _hub = new();
    private readonly Backend _backend = Backends.Create(threads: 1);

    public HubDownloadTests()
    {
        using var model = TinyModels.Create("llama", _backend);
        ModelDirectory.Save(_folder.At("origin"), model);
        foreach (var file in Directory.GetFiles(_folder.At("origin"))) _hub.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        foreach (var file in new[] { "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "LICENSE", "pytorch_model.bin", "training_args.bin" }) _hub.Files[file] = Encoding.UTF8.GetBytes($"this is {file}");
    }

    private HubOptions Options => new() { Endpoint = _hub.Address, CacheFolder = _folder.At("cache"), RetryDelay = TimeSpan.FromMilliseconds(1), Timeout = TimeSpan.FromSeconds(20) };

    private string Target => _folder.At("target");

    public void Dispose()
    {
        _hub.Dispose();
        _backend.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_model_arrives_whole_with_the_files_that_it_needs_and_no_others()
    {
        var steps = new List<HubProgress>();
        var result = await HubDownload.GetAsync(Name, Target, Options, steps.Add);
        string[] expected = ["LICENSE", "config.json", "generation_config.json", "hub.json", Weights, "tokenizer.json", "tokenizer_config.json"];
        Assert.Equal(expected, Directory.GetFiles(Target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var file in expected.Except(["hub.json"])) Assert.Equal(_hub.Files[file], File.ReadAllBytes(Path.Combine(Target, file)));
        using var loaded = ModelDirectory.Load(Target, _backend);
        Assert.Equal((FakeHub.Commit, result.Bytes), (result.Revision, result.ReceivedBytes));
        Assert.Equal((result.Bytes, result.Bytes), (steps[^1].BytesDone, steps[^1].BytesTotal));
        Assert.Contains($"\"{Weights}\": \"{FakeHub.Sha256(_hub.Files[Weights])}\"", File.ReadAllText(Path.Combine(Target, "hub.json")), StringComparison.Ordinal);
        Assert.DoesNotContain(_hub.Requests, entry => entry.Request.Path.Contains(".bin", StringComparison.Ordinal) || entry.Request.Path.Contains("README", StringComparison.Ordinal));

        // Again: nothing has to come.
        Assert.Equal(0, (await HubDownload.GetAsync(Name, Target, Options)).ReceivedBytes);
        // Elsewhere: out of the cache.
        Assert.Equal(0, (await HubDownload.GetAsync(Name, _folder.At("other"), Options)).ReceivedBytes);
        // Without the cache: what the directory has is not fetched again, but for what is looked at first.
        Directory.Delete(_folder.At("cache"), recursive: true);
        Assert.Equal(_hub.Files["config.json"].Length, (await HubDownload.GetAsync(Name, Target, Options)).ReceivedBytes);
    }

    [Fact]
    public async Task Shards_come_by_their_index()
    {
        using var model = TinyModels.Create("llama", _backend);
        var tensors = model.Parameters.Parameters.Select(parameter => TensorToWrite.Floats(
            parameter.Name, [.. Enumerable.Range(0, parameter.Shape.Rank).Select(i => (long)parameter.Shape[i])], parameter.Tensor.ToArray(), TensorDataType.BF16)).ToList();
        SafetensorsDirectory.Write(_folder.At("origin"), tensors, maximumShardBytes: 2000);
        _hub.Files.Remove(Weights);
        foreach (var file in Directory.GetFiles(_folder.At("origin"), "model*")) _hub.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        var result = await HubDownload.GetAsync(Name, Target, Options);
        Assert.True(result.Files.Count(file => file.EndsWith(".safetensors", StringComparison.Ordinal)) > 2);
        using var loaded = ModelDirectory.Load(Target, _backend);
        using var origin = ModelDirectory.Load(_folder.At("origin"), _backend);
        Assert.Equal(TinyModels.Logits(origin, TinyModels.Tokens(9)), TinyModels.Logits(loaded, TinyModels.Tokens(9)));

        _hub.Files.Remove(result.Files.First(file => file.EndsWith(".safetensors", StringComparison.Ordinal)));
        await Refused("which is not there", _folder.At("again"));
        _hub.Files["model.safetensors.index.json"] = """{"weight_map": {"a": "../../escape.safetensors"}}"""u8.ToArray();
        await Refused("of the same directory, not in '../../escape.safetensors'", _folder.At("again"));
        Assert.False(Directory.Exists(_folder.At("again")));
    }

    [Fact]
    public async Task A_connection_that_is_cut_again_and_again_is_gone_on_with()
    {
        var cut = 1000;
        _hub.Change = (request, _, answer) => request.Path == "/blob/" + Weights && answer.Body.Length > cut ? answer with { CutAfter = cut } : answer;
        var result = await HubDownload.GetAsync(Name, Target, Options);
        Assert.Equal(_hub.Files[Weights], File.ReadAllBytes(Path.Combine(Target, Weights)));
        Assert.Equal(result.Bytes, result.ReceivedBytes);
        var ranges = _hub.Downloads(Weights).Where(request => request.Path.StartsWith("/blob/", StringComparison.Ordinal)).Select(request => request.Headers.GetValueOrDefault("Range")).ToList();
        Assert.True(ranges.Count > HubClient.MostFailures + 1, $"{ranges.Count} connections");
        Assert.Equal([null, "bytes=1000-", "bytes=2000-"], ranges.Take(3));
    }

    [Fact]
    public async Task A_download_that_was_given_up_is_gone_on_with_by_the_next_run()
    {
        _hub.Change = (request, times, answer) => request.Path != "/blob/" + Weights ? answer : times == 0 ? answer with { CutAfter = 700 } : new HubAnswer(503, []);
        await Refused("it answers 503; what is here already is kept");
        Assert.False(File.Exists(Path.Combine(Target, "config.json")));
        var incomplete = Assert.Single(Directory.GetFiles(_folder.At("cache"), "*.incomplete", SearchOption.AllDirectories));
        Assert.Equal(_hub.Files[Weights][..700], File.ReadAllBytes(incomplete));

        _hub.Change = (_, _, answer) => answer;
        var result = await HubDownload.GetAsync(Name, Target, Options);
        Assert.Equal("bytes=700-", _hub.Downloads(Weights)[^1].Headers["Range"]);
        Assert.Equal(_hub.Files[Weights].Length - 700, result.ReceivedBytes);
        using var loaded = ModelDirectory.Load(Target, _backend);
    }

    [Fact]
    public async Task What_a_run_before_left_damaged_is_fetched_again()
    {
        var blobs = Path.Combine(_folder.At("cache"), "models--owner--tiny", "blobs");
        Directory.CreateDirectory(blobs);
        var blob = Path.Combine(blobs, FakeHub.Sha256(_hub.Files[Weights]));
        foreach (var left in new[] { new byte[500], new byte[_hub.Files[Weights].Length], new byte[_hub.Files[Weights].Length + 1] })
        {
            File.WriteAllBytes(blob + ".incomplete", left);
            File.WriteAllBytes(blob, left);
            await HubDownload.GetAsync(Name, Target, Options);
            Assert.Equal(_hub.Files[Weights], File.ReadAllBytes(Path.Combine(Target, Weights)));
            Assert.False(File.Exists(blob + ".incomplete"));
            Directory.Delete(Target, recursive: true);
        }
    }

    [Fact]
    public async Task A_file_with_another_checksum_is_refused_and_thrown_away()
    {
        _hub.Change = (request, _, answer) => request.Path == "/blob/" + Weights ? answer with { Body = [.. answer.Body[..^1], (byte)(answer.Body[^1] ^ 1)] } : answer;
        await Refused($"{Weights} arrives with another checksum");
        Assert.False(File.Exists(Path.Combine(Target, "config.json")));
        Assert.Empty(Directory.GetFiles(_folder.At("cache"), "*.incomplete", SearchOption.AllDirectories));

        _hub.Change = (request, _, answer) => request.Path.EndsWith("/tokenizer.json", StringComparison.Ordinal) && answer.Status == 200 ? answer with { Body = "this is tokenizer.jsoN"u8.ToArray() } : answer;
        await Refused("tokenizer.json arrives with another checksum", options: Options with { CacheFolder = _folder.At("empty") });
    }

    [Fact]
    public async Task A_store_that_ignores_ranges_or_sends_others_does_no_harm()
    {
        _hub.Change = (request, times, answer) => request.Path != "/blob/" + Weights ? answer : times switch
        {
            0 => answer with { CutAfter = 300 },
            // All of it instead of the rest; then another part; then too much.
            1 => new HubAnswer(200, _hub.Files[Weights]) { CutAfter = 400 },
            2 => new HubAnswer(206, _hub.Files[Weights][5..]) { Headers = { ["Content-Range"] = $"bytes 5-{_hub.Files[Weights].Length - 1}/{_hub.Files[Weights].Length}" } },
            3 => new HubAnswer(200, [.. _hub.Files[Weights], 1, 2, 3]),
            4 => new HubAnswer(416, []),
            _ => answer,
        };
        await HubDownload.GetAsync(Name, Target, Options);
        Assert.Equal(_hub.Files[Weights], File.ReadAllBytes(Path.Combine(Target, Weights)));
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_not_to_where_it_redirects()
    {
        await HubDownload.GetAsync(Name, Target, Options with { Token = "hf_secret" });
        Assert.All(_hub.Requests, entry => Assert.Equal(entry.Server == "hub", entry.Request.Headers.GetValueOrDefault("Authorization") == "Bearer hf_secret"));
        Assert.Contains(_hub.Requests, entry => entry.Server == "store");
        Assert.DoesNotContain("hf_secret", string.Concat(Directory.GetFiles(Target, "*.json").Select(File.ReadAllText)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, "RepoNotFound", "there is no such model on 127.0.0.1", 1)]
    [InlineData(403, "GatedRepo", "its authors ask for consent first", 1)]
    [InlineData(404, "RevisionNotFound", "there is no revision 'main'", 1)]
    [InlineData(404, null, "there is no such model", 1)]
    [InlineData(418, null, "answers 418", 1)]
    [InlineData(429, null, "too many requests were made", HubClient.MostFailures)]
    [InlineData(500, null, "it answers 500", HubClient.MostFailures)]
    public async Task What_the_hub_refuses_is_said_in_one_line(int status, string? code, string message, int attempts)
    {
        _hub.Change = (_, _, _) => new HubAnswer(status, "<html>"u8.ToArray()) { Headers = code is null ? [] : new() { ["X-Error-Code"] = code } };
        await Refused(message);
        Assert.Equal(attempts, _hub.Requests.Count);
        Assert.False(Directory.Exists(Target));
    }

    [Theory]
    [InlineData("<html>not json</html>", "its answer is not JSON")]
    [InlineData("[]", "commit or files are missing")]
    [InlineData("""{"sha": "../../../etc", "siblings": []}""", "commit or files are missing")]
    [InlineData("""{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{"name": 1}]}""", "a file has no name")]
    public async Task What_is_no_hub_is_told(string answer, string message)
    {
        _hub.Change = (_, _, _) => new HubAnswer(200, Encoding.UTF8.GetBytes(answer));
        await Refused(message);
    }

    [Theory]
    [InlineData("ETag", "\"../../../tmp/evil\"")]
    [InlineData("ETag", "\"0123\"")]
    public async Task A_checksum_that_is_none_is_no_file_name(string header, string value)
    {
        _hub.Change = (request, _, answer) => request.Path.StartsWith("/api/resolve-cache/", StringComparison.Ordinal) ? answer with { Headers = new() { [header] = value } } : answer;
        await Refused("size or checksum is missing");
    }

    [Theory]
    [InlineData("file:///etc/passwd", "not safe")]
    [InlineData("/api/models/owner/tiny/revision/main", "in a circle")]
    public async Task Redirects_to_files_or_in_circles_are_not_followed(string location, string message)
    {
        _hub.Change = (_, _, _) => new HubAnswer(302, []) { Headers = { ["Location"] = location } };
        await Refused(message);
    }

    [Fact]
    public async Task A_request_that_failed_for_a_while_succeeds()
    {
        _hub.Change = (_, times, answer) => times switch
        {
            0 => new HubAnswer(429, []) { Headers = { ["Retry-After"] = "0" } },
            1 => new HubAnswer(502, []),
            _ => answer,
        };
        await HubDownload.GetAsync(Name, Target, Options);
        using var loaded = ModelDirectory.Load(Target, _backend);
    }

    [Fact]
    public async Task What_can_not_be_used_is_refused_before_its_weights_come()
    {
        _hub.Files["config.json"] = """{"model_type": "mamba"}"""u8.ToArray();
        await Refused("hf:owner/tiny: config.json: model_type 'mamba' is not supported");
        _hub.Files.Remove("tokenizer.json");
        _hub.Files.Remove("tokenizer.model");
        await Refused("has neither tokenizer.json nor tokenizer.model");
        _hub.Files.Remove(Weights);
        await Refused("has its weights only as pytorch_model.bin, a format that can run code");
        _hub.Files.Remove("pytorch_model.bin");
        _hub.Files.Remove("training_args.bin");
        await Refused("has no weights as safetensors");
        Assert.Empty(_hub.Downloads(Weights));
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public async Task A_directory_with_something_else_is_left_alone()
    {
        var other = _folder.Write("target/thesis.txt", "mine");
        await Refused("is there already");
        File.Delete(other);
        await HubDownload.GetAsync(Name, Target, Options);
        var source = Path.Combine(Target, "hub.json");
        File.WriteAllText(source, File.ReadAllText(source).Replace(FakeHub.Commit, new string('f', 40), StringComparison.Ordinal));
        await Refused("holds another model or revision");
        File.WriteAllText(source, "{");
        await Refused("is damaged");
    }

    [Fact]
    public async Task A_place_that_can_not_be_written_is_named()
    {
        var file = _folder.Write("file", "");
        await Refused("config.json can't be kept there", options: Options with { CacheFolder = file });
        await Refused("can't be written", Path.Combine(file, "inside"));
    }

    [Fact]
    public async Task An_interruption_keeps_what_has_arrived()
    {
        using var interruption = new CancellationTokenSource();
        _hub.Change = (request, _, answer) => request.Path == "/blob/" + Weights ? answer with { CutAfter = 600 } : answer;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => HubDownload.GetAsync(
            Name, Target, Options, progress => { if (progress.File == Weights && progress.BytesDone > 0) interruption.Cancel(); }, interruption.Token));
        Assert.NotEmpty(Directory.GetFiles(_folder.At("cache"), "*.incomplete", SearchOption.AllDirectories));
        _hub.Change = (_, _, answer) => answer;
        await HubDownload.GetAsync(Name, Target, Options);
        using var loaded = ModelDirectory.Load(Target, _backend);
    }

    [Theory]
    [InlineData("hf:owner/name", "owner/name", "main")]
    [InlineData("hf:gpt2", "gpt2", "main")]
    [InlineData("hf:o.w-n_er/Name-1.5B@v1.0", "o.w-n_er/Name-1.5B", "v1.0")]
    [InlineData("hf:owner/name@refs/pr/1", "owner/name", "refs/pr/1")]
    public void Names_are_read(string text, string repository, string revision)
    {
        Assert.Equal(new HubName(repository, revision), HubName.Parse(text));
        Assert.Equal(text, HubName.Parse(text).ToString());
    }

    [Theory]
    [InlineData("owner/name")]
    [InlineData("hf:")]
    [InlineData("hf:../name")]
    [InlineData("hf:owner/..")]
    [InlineData("hf:owner/.hidden")]
    [InlineData("hf:a/b/c")]
    [InlineData("hf:owner/na me")]
    [InlineData("hf:owner/name@")]
    [InlineData("hf:owner/name@a?b")]
    [InlineData("hf:owner/name\n")]
    [InlineData("hf:owner/name%2f..")]
    public void Names_that_are_none_are_refused(string text) => Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => HubName.Parse(text)).ExitCode);

    [Fact]
    public async Task A_revision_with_slashes_is_one_part_of_the_address()
    {
        await HubDownload.GetAsync(HubName.Parse("hf:owner/tiny@refs/pr/1"), Target, Options);
        await Refused("there is no revision 'v9'", _folder.At("other"), name: HubName.Parse("hf:owner/tiny@v9"));
    }

    [Fact]
    public void The_environment_says_where_the_hub_is_and_who_asks()
    {
        var home = _folder.At("home");
        _folder.Write("home/token", " hf_file \n");
        var plain = Read(("HF_HOME", home));
        Assert.Equal((new Uri("https://huggingface.co"), "hf_file", Path.Combine(home, "hub")), (plain.Endpoint, plain.Token, plain.CacheFolder));
        var given = Read(("HF_HOME", home), ("HF_TOKEN", "hf_given"), ("HF_ENDPOINT", "https://mirror.example/hub/"), ("HF_HUB_CACHE", "elsewhere"));
        Assert.Equal((new Uri("https://mirror.example/hub"), "hf_given", "elsewhere"), (given.Endpoint, given.Token, given.CacheFolder));
        Assert.Null(Read(("HF_HOME", _folder.At("none"))).Token);
        Assert.Equal(Path.Combine("c", "huggingface", "hub"), Read(("XDG_CACHE_HOME", "c")).CacheFolder);
        Assert.Throws<CoppiceException>(() => Read(("HF_ENDPOINT", "mirror")));
        Assert.Throws<CoppiceException>(() => Read(("HF_ENDPOINT", "file:///etc")));

        static HubOptions Read(params (string Name, string Value)[] variables) => HubOptions.FromEnvironment(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
    }

    private async Task Refused(string message, string? directory = null, HubOptions? options = null, HubName? name = null)
    {
        var error = await Assert.ThrowsAsync<CoppiceException>(() => HubDownload.GetAsync(name ?? Name, directory ?? Target, options ?? Options));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
