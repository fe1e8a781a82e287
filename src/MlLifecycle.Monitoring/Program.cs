using MlLifecycle.Monitoring;
using MlLifecycle.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("monitoring").AddMonitoring();
var app = builder.Build();
app.UseServiceDefaults().MapMonitoring();
app.Run();
