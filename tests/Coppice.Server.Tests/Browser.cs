using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using Coppice.Testing;

namespace Coppice.Server.Tests;

/// <summary>A real browser without a window, told what to do over its debugging protocol.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TemporaryFolder _profile;
    private readonly ClientWebSocket _socket = new();
    private int _sent;
    private bool _isLoaded;

    private Browser(Process process, TemporaryFolder profile) => (_process, _profile) = (process, profile);

    /// <summary>The browser's program, or null where there is none.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => new[] { "chromium", "chromium-browser", "google-chrome" }.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    /// <summary>Errors that the page's scripts did not catch.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Starts the browser and opens a page.</summary>
    public static async Task<Browser> OpenAsync(Uri page)
    {
        var profile = new TemporaryFolder();
        string[] options =
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run", "--remote-debugging-port=0", $"--user-data-dir={profile.Root}",
            "about:blank",
        ];
        var process = Process.Start(new ProcessStartInfo(Program!, options) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var browser = new Browser(process, profile);
        try
        {
            var portFile = profile.At("DevToolsActivePort");
            await ServedTinyModel.UntilAsync(() => Task.FromResult(File.Exists(portFile) && File.ReadAllLines(portFile).Length > 1));
            var port = int.Parse(File.ReadAllLines(portFile)[0], CultureInfo.InvariantCulture);
            using var client = new HttpClient();
            var pages = JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync(new Uri(FormattableString.Invariant($"http://127.0.0.1:{port}/json/list"))));
            var socket = pages.EnumerateArray().First(target => target.GetProperty("type").GetString() == "page").GetProperty("webSocketDebuggerUrl").GetString()!;
            await browser._socket.ConnectAsync(new Uri(socket), CancellationToken.None);
            await browser.SendAsync("Runtime.enable", new { });
            await browser.SendAsync("Page.enable", new { });
            await browser.SendAsync("Page.navigate", new { url = page.ToString() });
            while (!browser._isLoaded) browser.Note(await browser.ReceiveAsync());
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Evaluates an expression in the page and gives its value.</summary>
    public async Task<JsonElement> RunAsync(string script)
    {
        var answer = await SendAsync("Runtime.evaluate", new { expression = script, returnByValue = true, awaitPromise = true });
        Assert.False(answer.TryGetProperty("exceptionDetails", out var error), error.ToString());
        return answer.GetProperty("result").TryGetProperty("value", out var value) ? value : default;
    }

    /// <summary>Waits until an expression is true; one that fails is not true yet.</summary>
    public Task UntilAsync(string condition) =>
        ServedTinyModel.UntilAsync(async () => (await RunAsync($"(() => {{ try {{ return Boolean({condition}); }} catch {{ return false; }} }})()")).GetBoolean());

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        // Parts of the browser that are still ending may write into their profile once more.
        for (var tries = 0; ; tries++)
        {
            try
            {
                _profile.Dispose();
                return;
            }
            catch (IOException) when (tries < 20)
            {
                await Task.Delay(100);
            }
        }
    }

    private async Task<JsonElement> SendAsync(string method, object parameters)
    {
        var id = ++_sent;
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new { id, method, @params = parameters }), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        while (true)
        {
            var message = await ReceiveAsync();
            if (message.TryGetProperty("id", out var answered) && answered.GetInt32() == id) return message.GetProperty("result");
            Note(message);
        }
    }

    private void Note(JsonElement message)
    {
        var told = message.TryGetProperty("method", out var method) ? method.GetString() : null;
        if (told == "Runtime.exceptionThrown") Errors.Add(message.GetProperty("params").ToString());
        if (told == "Page.loadEventFired") _isLoaded = true;
    }

    private async Task<JsonElement> ReceiveAsync()
    {
        using var message = new MemoryStream();
        var buffer = new byte[1 << 16];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonSerializer.Deserialize<JsonElement>(message.ToArray());
    }
}

/// <summary>A test that needs a browser and is skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Browser.Program is null) Skip = "needs Chromium (Debian's package chromium)";
    }
}
