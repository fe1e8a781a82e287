using MlLifecycle.Portal;
using MlLifecycle.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("portal").AddPortal();
var app = builder.Build();
app.UseServiceDefaults().MapPortal();
app.Run();
