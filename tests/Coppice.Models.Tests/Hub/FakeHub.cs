using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Coppice.Models.Tests.Hub;

/// <summary>A request as it came.</summary>
internal sealed record HubRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers);

/// <summary>An answer, or what goes wrong with it.</summary>
internal sealed record HubAnswer(int Status, byte[] Body)
{
    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>The bytes after which the connection is cut; null for none.</summary>
    public int? CutAfter { get; init; }
}

/// <summary>
/// A hub with one repository on this machine, and the store of large files that it redirects to, on another port, as the hub's interface has it.
/// </summary>
internal sealed class FakeHub : IDisposable
{
    public const string Repository = "owner/tiny";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener _hub = new(IPAddress.Loopback, 0), _store = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();

    public FakeHub()
    {
        _hub.Start();
        _store.Start();
        _ = ServeAsync(_hub, AnswerAsHub, "hub");
        _ = ServeAsync(_store, AnswerAsStore, "store");
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_hub.LocalEndpoint).Port}");

    public Uri StoreAddress => new($"http://127.0.0.1:{((IPEndPoint)_store.LocalEndpoint).Port}");

    /// <summary>The repository's files. Those that end in .safetensors are large ones.</summary>
    public Dictionary<string, byte[]> Files { get; } = [];

    public ConcurrentQueue<(string Server, HubRequest Request)> Requests { get; } = new();

    /// <summary>Changes an answer before it is sent: given what was asked for and how often that was asked before.</summary>
    public Func<HubRequest, int, HubAnswer, HubAnswer> Change { get; set; } = (_, _, answer) => answer;

    /// <summary>What is asked for a file's bytes, in order.</summary>
    public List<HubRequest> Downloads(string file) => [.. Requests.Select(entry => entry.Request).Where(request => request.Method == "GET" && request.Path.EndsWith("/" + file, StringComparison.Ordinal))];

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public void Dispose()
    {
        _stop.Cancel();
        _hub.Dispose();
        _store.Dispose();
        _stop.Dispose();
    }

    private HubAnswer AnswerAsHub(HubRequest request)
    {
        if (request.Path == $"/api/models/{Repository}/revision/main" || request.Path == $"/api/models/{Repository}/revision/refs%2Fpr%2F1" || request.Path == $"/api/models/{Repository}/revision/{Commit}")
        {
            var siblings = string.Join(", ", Files.Keys.Append("README.md").Append("onnx/model.onnx").Select(file => $$"""{"rfilename": "{{file}}"}"""));
            return new HubAnswer(200, Encoding.UTF8.GetBytes($$"""{"id": "{{Repository}}", "sha": "{{Commit}}", "siblings": [{{siblings}}]}"""));
        }

        if (request.Path.StartsWith($"/api/models/{Repository}/", StringComparison.Ordinal)) return Error(404, "RevisionNotFound");
        var prefix = $"/{Repository}/resolve/{Commit}/";
        const string Cached = "/api/resolve-cache/";
        // Small files are behind a redirect within the hub.
        if (request.Path.StartsWith(Cached, StringComparison.Ordinal)) return Small(Files[request.Path[Cached.Length..]]);
        if (!request.Path.StartsWith(prefix, StringComparison.Ordinal)) return Error(401, "RepoNotFound");
        var name = request.Path[prefix.Length..];
        if (!Files.TryGetValue(name, out var bytes)) return Error(404, "EntryNotFound");
        if (!name.EndsWith(".safetensors", StringComparison.Ordinal)) return new HubAnswer(307, []) { Headers = { ["Location"] = Cached + name } };
        return new HubAnswer(302, [])
        {
            Headers =
            {
                ["Location"] = $"{StoreAddress}blob/{name}", ["X-Linked-Etag"] = $"\"{Sha256(bytes)}\"", ["X-Linked-Size"] = bytes.Length.ToString(CultureInfo.InvariantCulture), ["X-Repo-Commit"] = Commit,
            },
        };
    }

    private static HubAnswer Small(byte[] bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData([.. Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]);
        return new HubAnswer(200, bytes) { Headers = { ["ETag"] = $"\"{Convert.ToHexStringLower(hash.GetHashAndReset())}\"" } };
    }

    private HubAnswer AnswerAsStore(HubRequest request)
    {
        var bytes = Files[request.Path["/blob/".Length..]];
        if (!request.Headers.TryGetValue("range", out var range)) return new HubAnswer(200, bytes);
        var from = int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
        if (from >= bytes.Length) return new HubAnswer(416, []);
        return new HubAnswer(206, bytes[from..]) { Headers = { ["Content-Range"] = $"bytes {from}-{bytes.Length - 1}/{bytes.Length}" } };
    }

    private static HubAnswer Error(int status, string code) => new(status, Encoding.UTF8.GetBytes("{}")) { Headers = { ["X-Error-Code"] = code } };

    private async Task ServeAsync(TcpListener listener, Func<HubRequest, HubAnswer> answer, string server)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(_stop.Token);
                _ = HandleAsync(client, answer, server);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task HandleAsync(TcpClient client, Func<HubRequest, HubAnswer> answer, string server)
    {
        using (client)
        {
            await using var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            if (await reader.ReadLineAsync() is not { } line) return;
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            while (await reader.ReadLineAsync() is { Length: > 0 } header) headers[header[..header.IndexOf(':', StringComparison.Ordinal)]] = header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            var parts = line.Split(' ');
            var request = new HubRequest(parts[0], parts[1], headers);
            var before = Requests.Count(entry => entry.Request.Method == request.Method && entry.Request.Path == request.Path);
            Requests.Enqueue((server, request));
            var said = Change(request, before, answer(request));
            var head = new StringBuilder($"HTTP/1.1 {said.Status} x\r\nConnection: close\r\n");
            if (!said.Headers.ContainsKey("Content-Length")) head.Append(CultureInfo.InvariantCulture, $"Content-Length: {said.Body.Length}\r\n");
            foreach (var (name, value) in said.Headers) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
            if (request.Method != "HEAD") await stream.WriteAsync(said.Body.AsMemory(0, said.CutAfter ?? said.Body.Length));
            await stream.FlushAsync();
        }
    }
}
